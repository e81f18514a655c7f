import type { EnqueueOptions, KindOptions, Runtime } from '../../../src/index.ts'
import type { Random } from '../../support/random.ts'
import type handlers from './handlers.ts'
import type { Payload } from './handlers.ts'

/** `inline` runs on the main thread. */
export type Kind = keyof Awaited<ReturnType<(typeof handlers)['setup']>>['kinds'] | 'inline'

export type LoadedRuntime = Runtime<typeof handlers, { inline: Payload }>

/** Jobs per minute. Jobs that end their thread are so rare that threads mostly live. */
const RATES: Record<Kind, number> = {
  short: 8_400,
  keyed: 1_200,
  flaky: 900,
  chatty: 600,
  parent: 600,
  slow: 600,
  inline: 600,
  snoozing: 300,
  child: 20,
  timedOut: 20,
  deaf: 3,
  exit: 2,
  uncaught: 2,
  slowExit: 1,
}
const MINUTE = 60_000

const TIMEOUT = { timeout: 150, grace: 100, maxAttempts: 1 }

/** The policies of kinds that differ from the default policy. */
export const POLICIES: Partial<Record<Exclude<Kind, 'inline'>, KindOptions>> = {
  flaky: { maxAttempts: 3, backoff: { delay: 200 } },
  timedOut: TIMEOUT,
  deaf: TIMEOUT,
  keyed: { lane: 'io' },
  slow: { lane: 'io' },
  slowExit: { lane: 'io' },
}

/** Bytes of the smallest ballast; the largest ballast has `RANGE` times as many. */
const SMALLEST = 100
const RANGE = 160
/** The number of dedupe keys. */
const KEYS = 10

export interface Submission extends EnqueueOptions {
  kind: Kind
  payload: Payload
}

/** One job of each kind. */
export function oneOfEach(random: Random): Submission[] {
  return Object.keys(RATES).map((kind) => submission(random, kind as Kind))
}

/** The submissions of `ms` milliseconds. */
export function submissions(random: Random, ms: number): Submission[] {
  return Object.entries(RATES).flatMap(([kind, rate]) => {
    const due = (rate * ms) / MINUTE
    const jobs = Math.floor(due) + Number(random.chance(due % 1))
    return Array.from({ length: jobs }, () => submission(random, kind as Kind))
  })
}

function submission(random: Random, kind: Kind): Submission {
  const text = 'x'.repeat(SMALLEST * RANGE ** random.next())
  const payload = { dice: random.next(), text }
  return kind === 'keyed'
    ? { kind, payload, dedupeKey: `key ${random.below(KEYS)}` }
    : { kind, payload }
}
