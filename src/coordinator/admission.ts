import type { Pool } from '../pool/pool.ts'
import type { Admission, Queue } from '../store/store.ts'

/** The lanes of a runtime by name, and which of them a kind runs in. */
export interface Lanes {
  pools: ReadonlyMap<string, Pool>
  /** Undefined for a kind that nobody can handle. */
  of(kind: string): string | undefined
}

/** Jobs that one turn claims only in order to say that nobody handles their kind. */
const UNHANDLED = 100

/** How much each lane may claim in a turn: as much as it has room for, and at most `most`. */
export function admissions(backlog: Queue[], lanes: Lanes, most: number): Admission[] {
  const queues = new Map<string | undefined, Queue[]>()
  for (const queue of backlog) {
    const lane = lanes.of(queue.kind)
    const of = queues.get(lane)
    if (of === undefined) queues.set(lane, [queue])
    else of.push(queue)
  }
  return [...queues].flatMap(([lane, of]) => {
    const limit = Math.min(room(lanes, lane), most)
    return limit > 0 ? [{ queues: of, limit }] : []
  })
}

/** One job, the first of all that could start now. */
export function admitOne(backlog: Queue[], lanes: Lanes): Admission[] {
  return [{ queues: backlog.filter(({ kind }) => room(lanes, lanes.of(kind)) > 0), limit: 1 }]
}

function room(lanes: Lanes, lane: string | undefined): number {
  return lane === undefined ? UNHANDLED : (lanes.pools.get(lane)?.free ?? 0)
}
