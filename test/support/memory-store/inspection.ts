import type { JobRecord, JobState } from '../../../src/job/job.ts'
import type { Queue } from '../../../src/store/admission.ts'
import { QueueSet } from '../../../src/store/claiming/queue-set.ts'
import type { Counts, ListQuery, Page } from '../../../src/store/inspection.ts'
import { checkListQuery, cursorOf, placesOf, type Place } from '../../../src/store/listing.ts'
import { PageRoom } from '../../../src/store/page-room.ts'
import type { StandingSource } from '../../../src/store/rules/standing.ts'
import type { QueueClock } from '../../../src/store/timeline.ts'
import { recordOf, type Row } from './row.ts'
import { keyOf, type Tables } from './tables.ts'

export function counts(tables: Tables): Counts {
  const counts: Counts = {}
  const rows = [...tables.jobs.values()]
  for (const { kind, state } of rows.sort((a, b) => (a.kind < b.kind ? -1 : 1))) {
    counts[kind] ??= { queued: 0, running: 0, dead: 0 }
    counts[kind][state] += 1
  }
  return counts
}

/** One page, which ends early where its texts come to more than a page may have. */
export function list(tables: Tables, query: ListQuery, clock: QueueClock): Page {
  const checked = checkListQuery(query)
  const rows: Row[] = []
  const room = new PageRoom()
  const records = (): JobRecord[] => rows.map((row) => recordOf(row, clock))
  for (const place of placesOf(checked, Object.keys(counts(tables)))) {
    for (const row of rowsFrom(tables, place)) {
      const isFull = rows.length === checked.limit || !room.take(row.payload.length)
      if (isFull) return { jobs: records(), next: cursorOf(placeOf(rows.at(-1)!)) }
      rows.push(row)
    }
  }
  return { jobs: records() }
}

/** The rows of a section that come behind a place, in order. */
function rowsFrom(tables: Tables, place: Place): Row[] {
  const { section, kind } = place
  const rows = tables.in(stateOf(section)).filter((row) => {
    return row.kind === kind && placeOf(row).section === section
  })
  const compare = stateOf(section) === 'queued' ? inOrder : byId
  return rows.filter((row) => compare(row, place) > 0).sort(compare)
}

function stateOf(section: Place['section']): JobState {
  return section === 'grouped' ? 'queued' : section
}

function placeOf({ state, kind, priority, runAt, id, group }: Row): Place {
  const section = state === 'queued' && group !== null ? 'grouped' : state
  return { section, kind, priority, runAt, id }
}

type Ordered = Pick<Row, 'priority' | 'runAt' | 'id'>

function inOrder(a: Ordered, b: Ordered): number {
  return a.priority - b.priority || a.runAt - b.runAt || a.id - b.id
}

function byId(a: Ordered, b: Ordered): number {
  return a.id - b.id
}

/** Reads what a standing is made of. */
export function standingSource(tables: Tables): StandingSource {
  return {
    pauses: () => [...tables.pauses],
    backlog: () => backlog(tables),
    holder: (key) => tables.holder(key)?.id,
    spent: (kind, group) => tables.spent.get(keyOf(kind, group)),
    groupRunning: (kind, group, limit) => {
      const rows = tables.in('running').filter((row) => row.kind === kind && row.group === group)
      return rows.map(({ id }) => id).slice(0, limit)
    },
    ahead: (queue, runAt, id, limit) => {
      const before = tables.queued(queue).filter((row) => {
        return row.group === null && (row.runAt < runAt || (row.runAt === runAt && row.id < id))
      })
      return Math.min(before.length, limit)
    },
    groupsAhead: ({ kind, priority }, runAt, limit) => {
      const groups = [...tables.groups.values()].filter((row) => {
        return row.kind === kind && row.priority === priority && (row.readyAt ?? Infinity) < runAt
      })
      return Math.min(groups.length, limit)
    },
  }
}

/** The queues that have queued jobs, by kind and priority. */
function backlog(tables: Tables): Queue[] {
  const queues = new QueueSet()
  for (const row of tables.in('queued')) queues.add(row)
  return queues
    .all()
    .sort((a, b) => (a.kind === b.kind ? a.priority - b.priority : a.kind < b.kind ? -1 : 1))
}
