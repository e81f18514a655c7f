import type { Policy } from '../job/policy.ts'
import type { Pool } from '../pool/pool.ts'
import type { Admission, KindTerms, PricedQueue, Queue } from '../store/admission.ts'
import type { Breakers } from './breakers.ts'
import type { Pauses } from './pauses.ts'

/** The lanes of a runtime, and the lane in which each kind runs. */
export interface Lanes {
  pools: ReadonlyMap<string, Pool>
  /** The lane that runs a kind; undefined for a kind that nobody can handle. */
  of(kind: string): string | undefined
  /** Hand-offs that a job of the kind takes up: 1, or less if several jobs share one hand-off. */
  cost(kind: string): number
  policy(kind: string): Policy
  /** Whether jobs of a kind that nobody handles become dead, or wait in the queue. */
  unknownKinds: 'dead' | 'wait'
}

/** Most jobs of unhandled kinds that one turn claims; they are claimed only to become dead. */
const UNHANDLED = 100

/** Most jobs and groups that a turn looks at to find the one job of a `runOnce` call. */
const LOOKS = 1_000

/** What keeps groups back for a time. */
type HeldGroups = Pick<Breakers, 'of'>

const NO_BREAKERS: HeldGroups = { of: () => new Map() }

/** How much each lane may claim in a turn: as much as it has room for, and `most` jobs in all. */
export function admissions(
  backlog: Queue[],
  pauses: Pauses,
  lanes: Lanes,
  most: number,
  breakers = NO_BREAKERS,
): Admission[] {
  const queues = new Map<string | undefined, PricedQueue[]>()
  for (const queue of priced(backlog, pauses, lanes, breakers)) {
    const lane = lanes.of(queue.kind)
    const of = queues.get(lane)
    if (of === undefined) queues.set(lane, [queue])
    else of.push(queue)
  }
  const open = [...queues].filter(([lane]) => room(lanes, lane) + reserve(lanes, lane) > 0)
  // Lanes get equal shares: a lane that could fill every turn must not starve the other lanes.
  const share = Math.max(1, Math.floor(most / open.length))
  return open.map(([lane, of]) => ({
    ...{ queues: of, room: room(lanes, lane), reserve: reserve(lanes, lane) },
    most: share,
  }))
}

/** Admits one job: the first of all jobs that could start now. */
export function admitOne(
  backlog: Queue[],
  pauses: Pauses,
  lanes: Lanes,
  breakers = NO_BREAKERS,
): Admission[] {
  const hasRoom = ({ kind, terms }: PricedQueue): boolean => {
    const lane = lanes.of(kind)
    return room(lanes, lane) + reserve(lanes, lane) > 0 && terms.room > 0
  }
  const queues = priced(backlog, pauses, lanes, breakers)
  const [startable, full] = [queues.filter(hasRoom), queues.filter((queue) => !hasRoom(queue))]
  // Jobs of `full` cost more than the room: none is claimed, but the turn says whether one is due.
  return [
    { queues: startable.map((queue) => costing(1, queue)), room: 1, most: LOOKS },
    { queues: full.map((queue) => costing(2, queue)), room: 1, most: LOOKS },
  ]
}

function costing(cost: number, queue: PricedQueue): PricedQueue {
  return { ...queue, terms: { ...queue.terms, cost, room: Infinity, reserve: 0 } }
}

/** The queues with the terms of their kinds. */
function priced(
  backlog: Queue[],
  pauses: Pauses,
  lanes: Lanes,
  breakers: HeldGroups,
): PricedQueue[] {
  const terms = new Map<string, KindTerms>()
  return backlog.map((queue) => {
    const { kind } = queue
    const known = terms.get(kind) ?? termsOf(kind, pauses, lanes, breakers)
    terms.set(kind, known)
    return { ...queue, terms: known }
  })
}

/** Whether jobs of a kind stay queued because nobody handles the kind so far. */
export function waitsForHandler(kind: string, lanes: Lanes): boolean {
  return lanes.unknownKinds === 'wait' && lanes.of(kind) === undefined
}

function termsOf(kind: string, pauses: Pauses, lanes: Lanes, breakers: HeldGroups): KindTerms {
  const { rate, group, groupConcurrency, groupRate } = lanes.policy(kind)
  const pool = lanes.pools.get(lanes.of(kind) ?? '')
  const isPaused = pauses.find(lanes.of(kind), kind, null) !== undefined
  return {
    cost: pool === undefined ? 1 : lanes.cost(kind),
    ...(pool?.roomFor(kind, mostSlots(kind, lanes)) ?? { room: Infinity, reserve: 0 }),
    held: isPaused || waitsForHandler(kind, lanes),
    rate,
    filing: group !== undefined,
    groupConcurrency,
    groupRate,
    paused: pauses.groups(kind),
    breakers: breakers.of(kind),
  }
}

/** Most slots that a kind may hold in its lane at a time. */
export function mostSlots(kind: string, lanes: Lanes): number {
  const slots = lanes.pools.get(lanes.of(kind) ?? '')?.slots ?? Infinity
  return Math.min(lanes.policy(kind).concurrency, slots)
}

function room(lanes: Lanes, lane: string | undefined): number {
  return lane === undefined ? UNHANDLED : (lanes.pools.get(lane)?.free ?? 0)
}

/** Room beyond {@link room}, for kinds that hold nothing of the lane. */
function reserve(lanes: Lanes, lane: string | undefined): number {
  return lanes.pools.get(lane ?? '')?.reserve ?? 0
}
