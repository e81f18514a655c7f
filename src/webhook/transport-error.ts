import { read } from '../job/errors.ts'

/** No response came. `cause` is what the network said, `code` its code or name. */
export class TransportError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TransportError'
    this.code = code
  }

  static from(cause: unknown): TransportError {
    const code = read(cause, 'code') || read(cause, 'name') || typeof cause
    return new TransportError(String(code), told(cause), cause)
  }
}

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
function told(cause: unknown): string {
  const errors = read(cause, 'errors')
  if (Array.isArray(errors) && errors.length > 0) return errors.map(told).join('; ')
  return String(read(cause, 'message') || read(cause, 'code') || cause)
}
