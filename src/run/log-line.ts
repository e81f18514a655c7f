/** The arguments of a log call as fields and text; as for pino, an error alone is its own message. */
export function logLine(first: object | string, second?: string): [fields: object, text: string] {
  if (typeof first === 'string') return [{}, first]
  if (first instanceof Error) return [{ err: first }, second ?? first.message]
  return [first, second ?? '']
}
