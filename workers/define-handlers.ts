import type { Handler, ThreadContext } from '../src/run/handler.ts'

export type { DeliveryRecord, Webhook } from '../src/job/delivery.ts'
export {
  HelveError,
  PermanentError,
  RetryAfterError,
  UnreachableError,
  type HelveErrorCode,
} from '../src/job/errors.ts'
export type {
  Handler,
  HandlerContext,
  Job,
  Logger,
  LogMethod,
  ThreadContext,
} from '../src/run/handler.ts'
export type { JsonPayload } from '../src/job/json-type.ts'
export type { Payloads } from '../src/job/kinds.ts'
export type { BackoffOptions } from '../src/job/backoff.ts'
export type { EnqueueOptions } from '../src/job/submission.ts'

/** What a handlers module sets up in each thread. */
export interface Handlers {
  /**
   * The handlers by kind, as own properties: an object that inherits methods from a class is
   * refused.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- each kind has a payload of its own
  kinds: Record<string, Handler<any>>
  /** Called once, when the thread ends in good order; may take 2 s. */
  close?(): unknown
}

/** What {@link defineHandlers} returns: the type from which a runtime infers kinds and payloads. */
export interface HandlersModule<C = unknown, H extends Handlers = Handlers> {
  setup(this: void, config: C, thread: ThreadContext): H | Promise<H>
}

/**
 * Defines the handlers of a runtime, as the default export of a module that is loaded once in every
 * thread.
 *
 * @param setup makes the handlers. It gets the runtime's `config` and the thread that it runs in.
 *   The thread gets jobs only after setup has finished, which may take 60 s. If setup throws in the
 *   first threads of a lane, the runtime does not start (`HELVE_ERR_HANDLERS`). If setup throws in
 *   a later thread, that thread ends with the error (`thread:down`), and new threads try again,
 *   after pauses of 1 s to 10 s. The jobs wait meanwhile, and are charged nothing.
 */
export function defineHandlers<C, H extends Handlers>(
  setup: (config: C, thread: ThreadContext) => H | Promise<H>,
): HandlersModule<C, H> {
  return { setup }
}
