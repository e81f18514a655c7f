/**
 * What a payload's type has to satisfy: `P extends JsonPayload<P>`. Of a field that JSON does not
 * bring back (a Date, a Map, a function, a bigint) the type is `never`, which nothing is.
 */
export type JsonPayload<P> = { [K in keyof P]: Jsonable<P[K]> }

/** The same for any value: the type itself, or `never` in the places that JSON does not keep. */
export type Jsonable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends bigint | symbol | Error | ((...given: never[]) => unknown)
      ? never
      : JsonPayload<T>

/** As `unknown`, in which TypeScript finds nothing that would have to be JSON. */
// oxlint-disable-next-line typescript/no-empty-object-type -- `{}` is what is meant
export type AnyPayload = {} | null | undefined
