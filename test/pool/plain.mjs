import { defineHandlers } from '../../workers/define-handlers.ts'

export default defineHandlers(() => ({
  kinds: {
    echo: (job) => job.payload.n,
    fails() {
      throw new TypeError('plainly')
    },
  },
}))
