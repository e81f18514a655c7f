/** The number names a submission. Within a key the numbers only grow. */
export interface Payload {
  n: number
}

/** What a process submits. */
export interface Submission {
  kind: 'short' | 'plain' | 'grouped' | 'keyed' | 'flaky' | 'patient' | 'stubborn' | 'inline'
  dedupeKey: string | null
}

/** No process makes so many submissions. */
export const STRIDE = 100_000
/** A process enqueues its submissions from this number on many at a time, all of one kind. */
export const MANY = STRIDE / 2

/** A short job whose number is a multiple of this holds up the jobs that wait behind it. */
export const HOLDS_UP = 211

const KEYS = 4

/** The n-th submission, which depends on its number only. */
export function submission(n: number): Submission {
  if (n % STRIDE >= MANY) return { kind: 'short', dedupeKey: null }
  if (n % 149 === 0) return { kind: 'stubborn', dedupeKey: 'stubborn' }
  if (n % 3 === 0) return { kind: 'keyed', dedupeKey: `key-${n % KEYS}` }
  if (n % 53 === 0) return { kind: 'patient', dedupeKey: null }
  if (n % 7 === 0) return { kind: 'flaky', dedupeKey: null }
  if (n % 11 === 0) return { kind: 'inline', dedupeKey: null }
  if (n % 13 === 0) return { kind: 'grouped', dedupeKey: null }
  return { kind: n % 5 === 0 ? 'plain' : 'short', dedupeKey: null }
}

/** The group that the kind `grouped` gives to a job. */
export function groupOf({ n }: Payload): string {
  return `group-${n % 2}`
}

/** Whether a keyed run with this submission makes its job dead. */
export function isHopeless(n: number): boolean {
  return n % 29 === 0
}

/** Whether the first attempt of a keyed run with this submission fails. */
export function isShaky(n: number): boolean {
  return n % 5 === 1
}
