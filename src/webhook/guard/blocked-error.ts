import { PermanentError } from '../../job/errors.ts'

/**
 * The guard refused a request before its first byte: no retry can repair that, only another URL or
 * other settings. The message names the host, the address and the setting.
 */
export class BlockedError extends PermanentError {
  readonly code = 'BLOCKED'

  constructor(message: string) {
    super(message)
    this.name = 'BlockedError'
  }
}

/** A refusal of something in the URL of a hook. */
export function refused(expected: string, came: string): BlockedError {
  return new BlockedError(`url: expected ${expected}, got ${came}`)
}
