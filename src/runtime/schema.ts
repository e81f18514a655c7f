import { badOption } from '../job/check.ts'
import { HelveError, read } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'

/** The part of the Standard Schema interface that helve calls: https://standardschema.dev */
export interface Schema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult | Promise<SchemaResult>
  }
}

/** What a schema makes of a value. */
export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What a schema has against a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** @throws HelveError `HELVE_ERR_OPTION` for what is no Standard Schema */
export function checkSchema(schema: unknown): void {
  const standard = read(schema, '~standard')
  if (typeof read(standard, 'validate') === 'function') return
  throw badOption('schema', 'a Standard Schema', schema)
}

/** @throws HelveError `HELVE_ERR_PAYLOAD` naming each field that does not fit */
export async function checkPayload(schema: Schema, payload: unknown): Promise<unknown> {
  return accepted(await validated(schema, payload))
}

/** The same for callers that cannot wait. */
export function checkPayloadNow(schema: Schema, payload: unknown): unknown {
  const result = validated(schema, payload)
  if (!(result instanceof Promise)) return accepted(result)
  throw new HelveError('HELVE_ERR_OPTION', 'schema: expected a synchronous one for enqueueIn')
}

function validated(schema: Schema, payload: unknown): SchemaResult | Promise<SchemaResult> {
  try {
    const result = schema['~standard'].validate(payload)
    return result instanceof Promise ? result.catch(mistaken) : result
  } catch (error) {
    return mistaken(error)
  }
}

function mistaken(cause: unknown): never {
  throw new HelveError(
    'HELVE_ERR_PAYLOAD',
    `payload: its schema threw ${toJobError(cause).message}`,
    {
      cause,
    },
  )
}

function accepted(result: SchemaResult): unknown {
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(({ path = [], message }) => {
    const keys = path.map((key) => String(typeof key === 'object' ? key.key : key))
    return `${['payload', ...keys].join('.')}: ${message}`
  })
  throw new HelveError('HELVE_ERR_PAYLOAD', issues.join('; '))
}
