import { defineHandlers } from '../workers/define-handlers.ts'

/** Milliseconds since the epoch, with fractions: comparable between threads. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

export default defineHandlers(() => ({
  kinds: {
    noop: async () => undefined,
    /** Tells when it was started. */
    stamp: async () => now(),
    /** Burns the CPU for so many milliseconds. */
    burn: async ({ payload }: { payload: { ms: number } }) => {
      const end = performance.now() + payload.ms
      while (performance.now() < end);
      return now()
    },
  },
}))
