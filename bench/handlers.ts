import { defineHandlers, type Job } from '../workers/define-handlers.ts'
import { burn, now } from './time.ts'

export default defineHandlers(() => ({
  kinds: {
    noop: async () => undefined,
    /** Tells when it was started; it is short, unless it is told to burn. */
    stamp: async ({ payload }: Job<{ burn?: number }>) => {
      const started = now()
      burn(payload.burn ?? 0)
      return started
    },
    /** Burns the CPU for so many milliseconds. */
    burn: async ({ payload }: Job<{ ms: number }>) => burn(payload.ms),
  },
}))
