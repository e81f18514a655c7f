import { PermanentError } from '../../job/errors.ts'

/**
 * The guard refused a request before its first byte. No retry repairs a refusal: the hook needs
 * another URL, or the operator other settings. The message names the host, the address and the
 * setting.
 */
export class BlockedError extends PermanentError {
  readonly code = 'BLOCKED'

  constructor(message: string) {
    super(message)
    this.name = 'BlockedError'
  }
}

/** A refusal of a part of a hook's URL. */
export function refused(expected: string, came: string): BlockedError {
  return new BlockedError(`url: expected ${expected}, got ${came}`)
}
