import { HelveError } from '../../job/errors.ts'

// What every store refuses, in the same words.

interface Holder {
  id: number
  kind: string
}

/** A payload of one kind must not end up in a job of another. */
export function keyOfAnotherKind(key: string, kind: string, holder: Holder): HelveError {
  return new HelveError(
    'HELVE_ERR_DEDUPE_KEY',
    `dedupeKey: expected a key that no other kind uses: ${JSON.stringify(key)} is held by job ` +
      `${holder.id} of kind ${holder.kind}, and the submission is of kind ${kind}`,
  )
}

/** A dead job cannot be queued again while another job holds its key. */
export function keyIsHeld(id: number, key: string, holder: number): HelveError {
  return new HelveError(
    'HELVE_ERR_DEDUPE_KEY',
    `dedupeKey: expected a free key to retry job ${id}, got ${JSON.stringify(key)}, ` +
      `which job ${holder} holds`,
  )
}

export function storeIsClosed(): HelveError {
  return new HelveError('HELVE_ERR_CLOSED', 'store: expected an open one, got a closed one')
}
