import { badOption, shown } from './check.ts'
import { HelveError, read } from './errors.ts'
import { toJobError } from './failure.ts'

/** The part of the Standard Schema interface that helve calls: https://standardschema.dev */
export interface Schema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult | Promise<SchemaResult>
  }
}

/** The result of checking a value against a schema. */
export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One reason for which a schema refuses a value. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** @throws HelveError `HELVE_ERR_OPTION` for a value that is no Standard Schema */
export function checkSchema(schema: unknown): Schema {
  const standard = read(schema, '~standard')
  if (typeof read(standard, 'validate') === 'function') return schema as Schema
  throw badOption('schema', 'a Standard Schema', schema)
}

/** @throws HelveError `HELVE_ERR_PAYLOAD` naming each field that does not fit */
export async function checkPayload(schema: Schema, payload: unknown): Promise<unknown> {
  return accepted(await validated(schema, payload))
}

/** As {@link checkPayload}, for callers that cannot wait. Refuses an asynchronous schema. */
export function checkPayloadNow(schema: Schema, payload: unknown): unknown {
  const result = validated(schema, payload)
  if (!isThenable(result)) return accepted(result)
  // Nobody awaits the promise, so that its rejection would end the process.
  Promise.resolve(result).catch(() => undefined)
  throw new HelveError('HELVE_ERR_OPTION', 'schema: expected a synchronous one for enqueueIn')
}

function validated(schema: Schema, payload: unknown): SchemaResult | Promise<SchemaResult> {
  try {
    const result = schema['~standard'].validate(payload)
    return isThenable(result) ? Promise.resolve(result).catch(mistaken) : result
  } catch (error) {
    return mistaken(error)
  }
}

function isThenable(value: unknown): value is Promise<SchemaResult> {
  return typeof read(value, 'then') === 'function'
}

function mistaken(cause: unknown): never {
  const problem = `payload: its schema threw ${toJobError(cause).message}`
  throw new HelveError('HELVE_ERR_PAYLOAD', problem, { cause })
}

function accepted(result: SchemaResult): unknown {
  const issues = read(result, 'issues')
  if (issues === undefined && typeof result === 'object' && result !== null) {
    return read(result, 'value')
  }
  const problems = Array.isArray(issues) ? issues.map(problem).join('; ') : ''
  // A schema that returns neither a value nor a list of issues has accepted nothing.
  const odd = 'payload: its schema gave neither a value nor issues that can be read'
  throw new HelveError('HELVE_ERR_PAYLOAD', problems === '' ? odd : problems)
}

/** The text of an issue. A schema may give any value as an issue. */
function problem(issue: unknown): string {
  const [path, message] = [read(issue, 'path'), read(issue, 'message')]
  const keys = (Array.isArray(path) ? path : []).map((key) => named(read(key, 'key') ?? key))
  const text = typeof message === 'string' ? message : 'is not as its schema wants it'
  return `${['payload', ...keys].join('.')}: ${text}`
}

function named(key: unknown): string {
  return typeof key === 'string' || typeof key === 'symbol' ? String(key) : shown(key)
}
