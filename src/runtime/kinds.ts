import type { Job } from '../run/handler.ts'
import type { EnqueueOptions } from '../job/submission.ts'

/** The payload of each kind, read off the type of a handlers module. */
export type Payloads<M> = unknown extends M
  ? // oxlint-disable-next-line typescript/no-explicit-any -- whatever a handler takes
    Record<string, any>
  : M extends { setup: (...given: never[]) => infer R }
    ? Awaited<R> extends { kinds: infer K }
      ? { [P in keyof K & string]: PayloadOf<K[P]> }
      : never
    : never

/** Those of the module, and those registered as functions beside it. */
export type PayloadsOf<M, I> = Payloads<M> & I

type PayloadOf<H> = H extends (job: Job<infer P>, ...rest: never[]) => unknown ? P : never

/** Whether `{}` would do as the payload. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- `{}` is what is meant
type Optional<P> = Record<never, never> extends P ? true : false

/** What follows the kind in `enqueue`: a payload may be left out where `{}` would do. */
export type Rest<P> =
  Optional<P> extends true
    ? [payload?: P, options?: EnqueueOptions]
    : [payload: P, options?: EnqueueOptions]

/** One submission of `enqueueMany`. */
export type Submission<T> = {
  [K in keyof T & string]: { kind: K } & (Optional<T[K]> extends true
    ? { payload?: T[K] }
    : { payload: T[K] }) &
    EnqueueOptions
}[keyof T & string]
