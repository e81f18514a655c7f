import { randomInt } from 'node:crypto'

// Claim numbers count on from a random start, in steps that leave room for the job ids that tokens
// add to them: no two claims of a job share a token, and nobody can guess a token.
const STEP = 2 ** 21
let last = randomInt(2 ** 47)

/** A new number for the claims of one turn. A job's token is this number plus the job's id. */
export function nextClaim(): number {
  last += STEP
  return last
}

/** The claim number of the turn that claimed a job. */
export function claimOf({ id, token }: { id: number; token: number }): number {
  return token - id
}
