import type { Jsonable } from './json-type.ts'
import type { EnqueueOptions } from './submission.ts'

/** Of a producer that knows no kinds: any kind, any payload. */
// oxlint-disable-next-line typescript/no-explicit-any -- whatever a handler takes
export type AnyKinds = Record<string, any>

/** The payload of each kind, read off the type of a handlers module. */
export type Payloads<M> = unknown extends M
  ? AnyKinds
  : M extends { setup: (...given: never[]) => infer R }
    ? Awaited<R> extends { kinds: infer K }
      ? { [P in keyof K & string]: PayloadOf<K[P]> }
      : never
    : never

/** Those of the module, and those registered as functions beside it. */
export type PayloadsOf<M, I> = Payloads<M> & I

/** What a handlers module's setup takes. */
export type ConfigOf<M> = M extends { setup: (config: infer C, ...rest: never[]) => unknown }
  ? C
  : unknown

type PayloadOf<H> = H extends (job: infer J, ...rest: never[]) => unknown
  ? J extends { readonly payload: infer P }
    ? P
    : unknown
  : never

/** The names of kinds. */
export type KindOf<T> = keyof T & string

/** The payload that every one of some kinds takes: of a kind that is not known, it must fit all. */
export type PayloadFor<T, K extends keyof T> = Checked<
  // In a tuple, so that a payload which is a union stays one.
  (K extends unknown ? (payload: [T[K]]) => void : never) extends (payload: infer P) => void
    ? P extends readonly [unknown]
      ? P[0]
      : never
    : never
>

/** The payload itself, unless JSON does not bring all of it back. */
type Checked<P> = P extends Jsonable<P> ? P : Jsonable<P>

/** Whether `{}` would do as the payload. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- `{}` is what is meant
type Optional<P> = Record<never, never> extends P ? true : false

/** What follows the kind in `enqueue`: a payload may be left out where `{}` would do. */
export type Rest<P> =
  Optional<P> extends true
    ? [payload?: P, options?: EnqueueOptions]
    : [payload: P, options?: EnqueueOptions]

/** The arguments of `enqueue`, where a producer is known by no more than its kinds. */
export type SubmissionArguments<T> = {
  [K in KindOf<T>]: [kind: K, ...rest: Rest<PayloadFor<T, K>>]
}[KindOf<T>]

/** One submission of `enqueueMany`. */
export type Submission<T> = {
  [K in KindOf<T>]: { kind: K } & (Optional<PayloadFor<T, K>> extends true
    ? { payload?: PayloadFor<T, K> }
    : { payload: PayloadFor<T, K> }) &
    EnqueueOptions
}[KindOf<T>]
