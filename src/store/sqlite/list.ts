import type { JobRecord } from '../../job/job.ts'
import type { Counts, ListQuery, Page } from '../inspection.ts'
import { checkListQuery, cursorOf, placesOf, type Place } from '../listing.ts'
import { PageRoom } from '../page-room.ts'
import type { QueueClock } from '../timeline.ts'
import { bytesOf, jobRecord, placeOf } from './rows.ts'
import type { QueueStatements } from './statements/queue.ts'

type Row = unknown[]

/** The numbers of jobs by kind and state. */
export function counts(statements: QueueStatements): Counts {
  // `fromEntries`, and no assignment key by key: a kind that somebody has written past the intake
  // could have the name of a built-in property.
  return Object.fromEntries(
    statements.counts.all().map(([kind, queued, running, dead]) => {
      return [kind as string, { queued, running, dead } as Counts[string]]
    }),
  )
}

/** One page, which ends early where its texts would take too long to read. */
export function list(statements: QueueStatements, query: ListQuery, clock: QueueClock): Page {
  const checked = checkListQuery(query)
  const { limit } = checked
  const rows: Row[] = []
  const room = new PageRoom()
  for (const place of placesOf(checked, Object.keys(counts(statements)))) {
    // One row more than asked for tells whether there is another page.
    for (const row of rowsFrom(statements, place, limit + 1 - rows.length)) {
      const isFull = rows.length === limit || !room.take(bytesOf(row))
      if (isFull) return { jobs: records(rows, clock), next: cursorOf(placeOf(rows.at(-1)!)) }
      rows.push(row)
    }
  }
  return { jobs: records(rows, clock) }
}

function records(rows: Row[], clock: QueueClock): JobRecord[] {
  return rows.map((row) => jobRecord(row, clock))
}

function rowsFrom(
  statements: QueueStatements,
  { section, kind, priority, runAt, id }: Place,
  limit: number,
): Iterable<Row> {
  switch (section) {
    case 'queued':
      return statements.listQueued.iterate(kind, priority, runAt, id, limit)
    case 'grouped':
      return statements.listGrouped.iterate(kind, priority, runAt, id, limit)
    case 'running':
      return statements.listRunning.iterate(kind, id, limit)
    case 'dead':
      return statements.listDead.iterate(kind, id, limit)
  }
}
