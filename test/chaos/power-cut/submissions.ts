import type { EnqueueOptions } from '../../../src/index.ts'

/** The arguments of a handler here. */
export interface Payload {
  /** The number names the submission. Within a key the numbers only grow. */
  n: number
  text: string
}

type Kind = 'plain' | 'keyed' | 'later' | 'follow'

/** What a process submits. */
export interface Submission {
  kind: Kind
  payload: Payload
  options: EnqueueOptions
}

const HOUR = 3_600_000

/** The n-th submission, which depends on its number only: a job can be checked to the byte. */
export function submission(n: number): Submission {
  const payload = { n, text: text(Math.abs(n)) }
  if (n < 0) return { kind: 'follow', payload, options: {} }
  if (n % 3 === 0) return { kind: 'keyed', payload, options: { dedupeKey: `key-${n % 4}` } }
  // Jobs of this kind stay in the file: no run makes up for those that a cut takes back.
  if (n % 5 === 0) return { kind: 'later', payload, options: { delay: HOUR } }
  return { kind: 'plain', payload, options: {} }
}

/** Whether the run of a submission enqueues a follow-up job, whose number is `-n`. */
export function isFollowed(n: number): boolean {
  return n > 0 && n % 7 === 1 && submission(n).kind === 'plain'
}

/** A text of several sizes; one text in fifty takes more than a page. */
function text(n: number): string {
  return `${n}.`.repeat(n % 50 === 1 ? 1_200 : n % 60)
}
