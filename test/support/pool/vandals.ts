import { MessagePort } from 'node:worker_threads'
import type { DeliveryRecord, HandlerContext, Job } from '../../../workers/define-handlers.ts'

const nothing = (): never => Number.NaN as never

// Handlers that change the thread they run in.

export const vandals = {
  /** Replaces globals, as fake timers do, and more of them than those. */
  replacesGlobals() {
    for (const name of ['stringify', 'parse'] as const) JSON[name] = nothing
    for (const name of Object.getOwnPropertyNames(Atomics)) Reflect.set(Atomics, name, nothing)
    Object.assign(performance, { now: nothing })
    Object.assign(process, { hrtime: nothing })
    Date.now = nothing
    Object.assign(globalThis, {
      structuredClone: nothing,
      setTimeout: nothing,
      setInterval: nothing,
      clearTimeout: nothing,
    })
    return { own: 1 }
  },
  returnsObject: () => ({ size: 3 }),
  records(job: Job, ctx: HandlerContext) {
    ctx.recordDelivery(job.payload as DeliveryRecord)
  },

  /** Puts its payload in the place of its outcome, on the way out of the thread. */
  forgesOutcome(job: Job) {
    const { postMessage } = MessagePort.prototype
    MessagePort.prototype.postMessage = function (message: never, ...rest: never[]) {
      MessagePort.prototype.postMessage = postMessage
      const { result } = message as { result: { outcome: unknown }[] }
      result[0]!.outcome = job.payload
      postMessage.call(this, message, ...rest)
    }
  },
}
