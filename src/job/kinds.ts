import type { Jsonable } from './json-type.ts'
import type { EnqueueOptions } from './submission.ts'

/** The kinds of a producer that does not know them: any kind, with any payload. */
// oxlint-disable-next-line typescript/no-explicit-any -- a handler's payload may have any type
export type AnyKinds = Record<string, any>

/** The payload of each kind, inferred from the type of a handlers module. */
export type Payloads<M> = unknown extends M
  ? AnyKinds
  : M extends { setup: (...given: never[]) => infer R }
    ? Awaited<R> extends { kinds: infer K }
      ? { [P in keyof K & string]: PayloadOf<K[P]> }
      : never
    : never

/** The payloads of the kinds of the module, and of the kinds registered as functions. */
export type PayloadsOf<M, I> = Payloads<M> & I

/** The `config` that the setup of a handlers module takes. */
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

/**
 * The payload for a kind in `K`. If `K` is a union of kinds, the payload has to fit each of them.
 */
export type PayloadFor<T, K extends keyof T> = Checked<
  // In a tuple, so that a payload type that is a union stays whole.
  (K extends unknown ? (payload: [T[K]]) => void : never) extends (payload: infer P) => void
    ? P extends readonly [unknown]
      ? P[0]
      : never
    : never
>

/**
 * The payload type itself, if JSON brings all of it back; otherwise with `never` in the lost
 * places.
 */
type Checked<P> = P extends Jsonable<P> ? P : Jsonable<P>

/** Whether `{}` is a valid payload. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- `{}` is meant
type Optional<P> = Record<never, never> extends P ? true : false

/** The arguments of `enqueue` after the kind. The payload may be left out where `{}` is valid. */
export type Rest<P> =
  Optional<P> extends true
    ? [payload?: P, options?: EnqueueOptions]
    : [payload: P, options?: EnqueueOptions]

/** The arguments of `enqueue` of a producer whose type tells only its kinds. */
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
