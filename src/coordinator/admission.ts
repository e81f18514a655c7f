import type { Pool } from '../pool/pool.ts'
import type { Admission, PricedQueue, Queue } from '../store/store.ts'

/** The lanes of a runtime by name, and which of them a kind runs in. */
export interface Lanes {
  pools: ReadonlyMap<string, Pool>
  /** Undefined for a kind that nobody can handle. */
  of(kind: string): string | undefined
  /** What a job of the kind takes up of its lane's room. */
  cost(kind: string): number
}

/** Jobs that one turn claims only in order to say that nobody handles their kind. */
const UNHANDLED = 100

/** How much each lane may claim in a turn: as much as it has room for, and `most` jobs in all. */
export function admissions(backlog: Queue[], lanes: Lanes, most: number): Admission[] {
  const queues = new Map<string | undefined, PricedQueue[]>()
  for (const queue of backlog) {
    const lane = lanes.of(queue.kind)
    const priced = { ...queue, cost: lane === undefined ? 1 : lanes.cost(queue.kind) }
    const of = queues.get(lane)
    if (of === undefined) queues.set(lane, [priced])
    else of.push(priced)
  }
  const open = [...queues].filter(([lane]) => room(lanes, lane) > 0)
  // In equal shares: a lane that could take all of every turn must not starve the others.
  const share = Math.max(1, Math.floor(most / open.length))
  return open.map(([lane, of]) => ({ queues: of, room: room(lanes, lane), most: share }))
}

/** One job, the first of all that could start now. */
export function admitOne(backlog: Queue[], lanes: Lanes): Admission[] {
  const startable = backlog.filter(({ kind }) => room(lanes, lanes.of(kind)) > 0)
  return [{ queues: startable.map((queue) => ({ ...queue, cost: 1 })), room: 1, most: 1 }]
}

function room(lanes: Lanes, lane: string | undefined): number {
  return lane === undefined ? UNHANDLED : (lanes.pools.get(lane)?.free ?? 0)
}
