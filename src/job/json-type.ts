/**
 * The constraint on a payload's type: `P extends JsonPayload<P>`. A field that JSON does not bring
 * back (a Date, a Map, a function, a bigint) has the type `never`, which no value satisfies.
 */
export type JsonPayload<P> = { [K in keyof P]: Jsonable<P[K]> }

/** The type `T`, with `never` in the places that JSON does not keep. */
export type Jsonable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends bigint | symbol | Error | ((...given: never[]) => unknown)
      ? never
      : JsonPayload<T>

/** Any payload. Unlike `unknown`, the type satisfies {@link JsonPayload}. */
// oxlint-disable-next-line typescript/no-empty-object-type -- `{}` is meant
export type AnyPayload = {} | null | undefined
