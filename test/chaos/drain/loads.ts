import type { Random } from '../../support/random.ts'
import type handlers from './handlers.ts'

/** `inline` runs on the main thread. */
export type Kind = keyof Awaited<ReturnType<(typeof handlers)['setup']>>['kinds'] | 'inline'

/** Milliseconds that a process gives to its runs before it interrupts them. */
export const TIMEOUT = 300
/** Milliseconds that an interrupted run gets before it is ended by force. */
export const GRACE = 200

/** What a process is busy with when its signal comes. */
export interface Load {
  /** Enqueued first, before anything else. */
  first: [kind: Kind, jobs: number][]
  /** Enqueued for as long as the process takes jobs. */
  steady: [Kind, ...Kind[]]
  /** Another process holds the file's write lock meanwhile, so that turns fail. */
  isLocked?: boolean
  /** Some runs go on until they are interrupted. */
  isLong?: boolean
}

export const LOADS: Record<string, Load> = {
  batches: { first: [['short', 3_000]], steady: ['short'] },
  mixed: {
    first: [['deaf', 1]],
    steady: ['short', 'waiting', 'flaky', 'inline', 'wideShort'],
    isLong: true,
  },
  locked: { first: [], steady: ['short', 'waiting', 'flaky', 'inline'], isLocked: true },
  looping: { first: [['looping', 3]], steady: ['short', 'waiting'], isLong: true },
  deaf: { first: [['deaf', 6]], steady: ['short', 'flaky'], isLong: true },
  children: {
    first: [
      ['parent', 2],
      ['deafParent', 2],
    ],
    steady: ['short', 'flaky'],
    isLong: true,
  },
  wide: {
    first: [
      ['wide', 40],
      ['wideDeaf', 2],
    ],
    steady: ['wideShort', 'inline'],
    isLong: true,
  },
}

/** The kinds of a load in the order in which they are enqueued, without end. */
export function* submissions({ first, steady }: Load, random: Random): Generator<Kind> {
  for (const [kind, jobs] of first) for (let n = 0; n < jobs; n += 1) yield kind
  for (;;) yield random.pick(steady)
}
