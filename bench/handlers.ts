import { defineHandlers, type Job } from '../workers/define-handlers.ts'
import { burn, now } from './time.ts'

export default defineHandlers(() => ({
  kinds: {
    noop: async () => undefined,
    /** Returns the time of its start. A run is short, unless its payload has it burn the CPU. */
    stamp: async ({ payload }: Job<{ burn?: number }>) => {
      const started = now()
      burn(payload.burn ?? 0)
      return started
    },
    /** Burns the CPU for `ms` milliseconds. */
    burn: async ({ payload }: Job<{ ms: number }>) => burn(payload.ms),
  },
}))
