/**
 * The arguments of a log call as fields and text. As in pino, the text of an error alone is its
 * message.
 */
export function logLine(first: object | string, second?: string): [fields: object, text: string] {
  if (typeof first === 'string') return [{}, first]
  if (first instanceof Error) return [{ err: first }, second ?? first.message]
  return [first, second ?? '']
}
