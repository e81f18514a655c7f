import { randomInt } from 'node:crypto'

// Counted on from a random start, in steps that leave room for the ids that are added to it: no two
// claims of a job share a token, and nobody guesses them.
const STEP = 2 ** 21
let last = randomInt(2 ** 47)

/** Numbers the claims of one turn. The token of a job is that number and the id of the job. */
export function nextClaim(): number {
  last += STEP
  return last
}

/** The number of the turn that claimed a job. */
export function claimOf({ id, token }: { id: number; token: number }): number {
  return token - id
}
