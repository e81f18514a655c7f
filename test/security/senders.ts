import { defineHandlers, type HandlerContext, type Job } from '../../workers/define-handlers.ts'
import { aDelivery } from '../support/jobs.ts'

// Handlers that send too much, or data that a receiver could trip over.

const MIB = 1_048_576

/** Small as JSON, and large in memory. */
class Disguised {
  readonly hidden = 'x'.repeat(8 * MIB)

  toJSON(): string {
    return 'small'
  }
}

function times(number: number, act: (n: number) => void): void {
  for (let n = 0; n < number; n += 1) act(n)
}

export default defineHandlers((config: unknown) => ({
  kinds: {
    echo: (job: Job<{ n: number }>) => job.payload.n,
    config: () => tell(config),
    returnConfig(_: Job, ctx: HandlerContext) {
      ctx.logger.info(config as object, 'its config')
      return config
    },
    payload: (job: Job) => tell(job.payload),
    environment: async (_: Job, ctx: HandlerContext) => {
      const child = ctx.spawn('env')
      const chunks: Buffer[] = []
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      await new Promise((resolve) => child.on('close', resolve))
      return { own: Object.keys(process.env), child: Buffer.concat(chunks).toString() }
    },

    result: () => 'ü'.repeat(MIB / 2),
    error() {
      const long = 'x'.repeat(50 * MIB)
      throw Object.assign(new Error(long), { name: long, code: long, stack: long })
    },
    async crash() {
      setImmediate(() => {
        throw new Error('x'.repeat(50 * MIB))
      })
      await new Promise(() => undefined)
    },
    progress: (_: Job, ctx: HandlerContext) => ctx.progress('x'.repeat(MIB)),
    disguised: (_: Job, ctx: HandlerContext) => ctx.progress(new Disguised()),
    followUp: (_: Job, ctx: HandlerContext) => ctx.enqueue('echo', 'x'.repeat(MIB)),
    followUps: (job: Job<{ n: number }>, ctx: HandlerContext) =>
      times(job.payload.n, (n) => ctx.enqueue('echo', { n })),
    heavyFollowUps: (_: Job, ctx: HandlerContext) =>
      times(20, () => ctx.enqueue('echo', 'x'.repeat(MIB - 2))),
    deliveries: (job: Job<{ n: number }>, ctx: HandlerContext) =>
      times(job.payload.n, () => ctx.recordDelivery(aDelivery())),
    heavyDelivery: (_: Job, ctx: HandlerContext) =>
      ctx.recordDelivery(aDelivery({ responseBody: new Uint8Array(17 * MIB) })),
    heavyBoth(_: Job, ctx: HandlerContext) {
      times(10, () => ctx.enqueue('echo', 'x'.repeat(MIB - 2)))
      ctx.recordDelivery(aDelivery({ requestBody: 'x'.repeat(7 * MIB) }))
    },
    logs(_: Job, ctx: HandlerContext) {
      ctx.logger.info({ repo: 7 }, 'x'.repeat(50 * MIB))
      ctx.logger.info({ repo: 7, diff: 'x'.repeat(50 * MIB) }, 'with a diff')
      ctx.logger.info({ toJSON: () => unprintable() }, 'with what throws')
      ctx.logger.info({ repo: 7 }, 'as it is')
      ctx.logger.info({ repo: 7 }, 42 as never)
    },
  },
}))

function unprintable(): never {
  throw Object.create(null)
}

/** What the thread has got: as JSON, its own keys, and what every object inherits. */
function tell(got: unknown) {
  return {
    text: JSON.stringify(got),
    keys: Object.keys(got as object),
    inherited: ({} as { polluted?: unknown }).polluted ?? null,
    prototype: Object.getPrototypeOf(got) === Object.prototype,
  }
}
