/** No response came. `cause` is the error of the network, `code` the code or name of that error. */
export class TransportError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TransportError'
    this.code = code
  }

  static from(cause: NodeJS.ErrnoException): TransportError {
    return new TransportError(cause.code ?? cause.name, told(cause), cause)
  }
}

/** A host with several addresses fails with an AggregateError, whose own message is empty. */
function told(error: NodeJS.ErrnoException): string {
  if (error instanceof AggregateError) return error.errors.map(told).join('; ')
  return error.message || (error.code ?? error.name)
}
