import type { Pause } from '../job/pause.ts'
import type { Policy } from '../job/policy.ts'
import type { Pool } from '../pool/pool.ts'
import type { Admission, KindTerms, PricedQueue, Queue } from '../store/store.ts'

/** The lanes of a runtime by name, and which of them a kind runs in. */
export interface Lanes {
  pools: ReadonlyMap<string, Pool>
  /** Undefined for a kind that nobody can handle. */
  of(kind: string): string | undefined
  /** What a job of the kind takes up of its lane's room. */
  cost(kind: string): number
  policy(kind: string): Policy
}

/** Jobs that one turn claims only in order to say that nobody handles their kind. */
const UNHANDLED = 100

/** Jobs and groups that one turn looks at in order to find the one that may start. */
const LOOKS = 1_000

/** How much each lane may claim in a turn: as much as it has room for, and `most` jobs in all. */
export function admissions(
  backlog: Queue[],
  pauses: readonly Pause[],
  lanes: Lanes,
  most: number,
): Admission[] {
  const queues = new Map<string | undefined, PricedQueue[]>()
  for (const queue of priced(backlog, pauses, lanes)) {
    const lane = lanes.of(queue.kind)
    const of = queues.get(lane)
    if (of === undefined) queues.set(lane, [queue])
    else of.push(queue)
  }
  const open = [...queues].filter(([lane]) => room(lanes, lane) + reserve(lanes, lane) > 0)
  // In equal shares: a lane that could take all of every turn must not starve the others.
  const share = Math.max(1, Math.floor(most / open.length))
  return open.map(([lane, of]) => ({
    ...{ queues: of, room: room(lanes, lane), reserve: reserve(lanes, lane) },
    most: share,
  }))
}

/** One job, the first of all that could start now. */
export function admitOne(backlog: Queue[], pauses: readonly Pause[], lanes: Lanes): Admission[] {
  const startable = priced(backlog, pauses, lanes).filter(({ kind, terms }) => {
    const lane = lanes.of(kind)
    return room(lanes, lane) + reserve(lanes, lane) > 0 && terms.room > 0
  })
  const queues = startable.map((queue) => ({
    ...queue,
    terms: { ...queue.terms, cost: 1, room: 1, reserve: 0 },
  }))
  return [{ queues, room: 1, most: LOOKS }]
}

/** The queues that are not paused. */
function priced(backlog: Queue[], pauses: readonly Pause[], lanes: Lanes): PricedQueue[] {
  const terms = new Map<string, KindTerms>()
  return backlog.flatMap((queue) => {
    const { kind } = queue
    if (pauseOf(kind, null, pauses, lanes)) return []
    const known = terms.get(kind) ?? termsOf(kind, pauses, lanes)
    terms.set(kind, known)
    return { ...queue, terms: known }
  })
}

/** What keeps jobs of a kind, and of a group of it, from being claimed. */
export function pauseOf(
  kind: string,
  group: string | null,
  pauses: readonly Pause[],
  lanes: Lanes,
): Pause | undefined {
  const lane = lanes.of(kind) ?? null
  return pauses.find((pause) => {
    if (pause.lane !== null) return pause.lane === lane
    return pause.kind === kind && (pause.group === null || pause.group === group)
  })
}

function termsOf(kind: string, pauses: readonly Pause[], lanes: Lanes): KindTerms {
  const { rate, group, groupConcurrency, groupRate } = lanes.policy(kind)
  const pool = lanes.pools.get(lanes.of(kind) ?? '')
  const paused = pauses.flatMap((pause) => (pause.kind === kind ? (pause.group ?? []) : []))
  return {
    cost: pool === undefined ? 1 : lanes.cost(kind),
    ...(pool?.roomFor(kind, mostSlots(kind, lanes)) ?? { room: Infinity, reserve: 0 }),
    rate,
    groupOf: group,
    groupConcurrency,
    groupRate,
    paused: new Set(paused),
  }
}

/** Slots of its lane that a kind may hold. */
export function mostSlots(kind: string, lanes: Lanes): number {
  const slots = lanes.pools.get(lanes.of(kind) ?? '')?.slots ?? Infinity
  return Math.min(lanes.policy(kind).concurrency, slots)
}

function room(lanes: Lanes, lane: string | undefined): number {
  return lane === undefined ? UNHANDLED : (lanes.pools.get(lane)?.free ?? 0)
}

/** Room beyond that, for kinds that hold nothing of the lane. */
function reserve(lanes: Lanes, lane: string | undefined): number {
  return lanes.pools.get(lane ?? '')?.reserve ?? 0
}
