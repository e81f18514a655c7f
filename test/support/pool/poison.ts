import { execFileSync } from 'node:child_process'
import type { HandlerContext, Job } from '../../../workers/define-handlers.ts'

// Handlers that do what no handler should.

const never = (): Promise<never> => new Promise(() => undefined)

/** A proxy that throws, however code looks at it. */
function hostileProxy(): object {
  const trap = (): never => {
    throw new Error('sprung')
  }
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const
  return new Proxy({}, Object.fromEntries(traps.map((name) => [name, trap])))
}

/** A proxy of which every property is a proxy that throws when asked for its prototype. */
function evasiveProxy(): object {
  const inner = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error('sprung')
      },
    },
  )
  return new Proxy({}, { get: () => inner })
}

function deeper(n: number): number {
  return deeper(n + 1) + 1
}

/** Pollutes what objects inherit from, as a careless merge would. */
function pollute(properties: object): void {
  Object.assign(Object.prototype, properties)
}

export const poison = {
  throwError() {
    throw Object.assign(new TypeError('no such repository'), { code: 'ENOREPO' })
  },
  throwNull() {
    throw null
  },
  throwUndefined() {
    throw undefined
  },
  throwString() {
    throw 'a string'
  },
  throwFunction() {
    throw () => undefined
  },
  throwProxy() {
    throw hostileProxy()
  },
  throwEvasiveProxy() {
    throw evasiveProxy()
  },
  throwGetter() {
    throw Object.defineProperty(new Error('hidden'), 'message', {
      get() {
        throw new Error('sprung')
      },
    })
  },
  throwHuge() {
    throw new Error('x'.repeat(50 * 1024 * 1024))
  },
  async reject() {
    await Promise.resolve()
    throw new RangeError('later')
  },

  returnFunction: () => () => 1,
  returnSymbol: () => Symbol('result'),
  returnBigInt: () => ({ size: 1n }),
  returnHuge: () => 'x'.repeat(2 * 1024 * 1024),
  returnCycle() {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    return cycle
  },
  returnThrowingJson: () => ({
    toJSON() {
      throw new Error('sprung')
    },
  }),
  returnThrowingThen: () => ({
    get then() {
      throw new Error('sprung')
    },
  }),
  uncloneableDelivery(_: Job, ctx: HandlerContext) {
    ctx.recordDelivery({ webhookId: () => 1 } as never)
  },

  exit(job: Job<{ code: number }>) {
    process.exit(job.payload.code)
  },
  async uncaught() {
    setImmediate(() => {
      throw new Error('in a callback')
    })
    await never()
  },
  async unhandled() {
    void Promise.reject(new Error('without a handler'))
    await never()
  },
  leakTimer(job: Job<{ ms: number }>) {
    setTimeout(() => {
      throw new Error('from the job before')
    }, job.payload.ms)
  },
  loop() {
    for (;;);
  },
  never,
  regex: () => /^(a+)+$/.test(`${'a'.repeat(64)}b`),
  overflow: () => deeper(0),
  eatMemory() {
    const eaten: unknown[] = []
    for (;;) eaten.push(new Array(1_000).fill(eaten.length))
  },
  eatStrings() {
    const eaten: string[] = []
    for (;;) eaten.push('x'.repeat(100) + eaten.length)
  },
  eatRows() {
    const eaten: object[] = []
    for (let id = 0; ; id++) eaten.push({ id, name: `row ${id}`, at: id * 1.5, tags: [id, id + 1] })
  },
  eatJson() {
    const eaten: unknown[] = []
    const json = JSON.stringify({ a: [1, 2, 3, { b: 'xxxxxxxxxx' }] })
    for (;;) eaten.push(JSON.parse(json))
  },
  eatMap() {
    const eaten = new Map<number, object>()
    for (let n = 0; ; n++) eaten.set(n, { n })
  },
  /** Allocates more than the limit of the heap would allow, if Buffers counted. */
  eatBuffers() {
    return Array.from({ length: 200 }, () => Buffer.alloc(1_000_000, 1)).length
  },
  command(job: Job<{ file: string }>, ctx: HandlerContext) {
    ctx.progress('runs')
    execFileSync('sh', ['-c', `sleep 0.7; touch ${job.payload.file}`])
  },

  pollute() {
    pollute({
      ...{ polluted: true, stolen: () => 'stolen', type: 'lost', helve: 'progress', id: 1 },
      ...{ dedupeKey: 'k', error: 'forged', result: '"forged"', taskId: 1, aborted: true },
    })
    return { own: 1 }
  },
  polluteJson() {
    pollute({ toJSON: () => 'forged' })
    throw new Error('kept as it is')
  },
  polluteThen() {
    pollute({ then: () => undefined })
  },
}
