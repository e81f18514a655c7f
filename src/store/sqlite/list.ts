import { badOption, checkInteger, checkKeys, checkOneOf } from '../../job/check.ts'
import type { JobRecord, JobState } from '../../job/job.ts'
import { checkKind } from '../../job/submission.ts'
import type { Counts, ListQuery, Page } from '../store.ts'
import type { QueueClock } from '../timeline.ts'
import { PageRoom } from './page-room.ts'
import { bytesOf, jobRecord } from './rows.ts'
import type { QueueStatements } from './statements.ts'

type Row = unknown[]
type Position = [section: Section, kind: string, priority: number, runAt: number, id: number]
/** Queued jobs with a group are behind those without: they run in another order anyway. */
type Section = JobState | 'grouped'

const STATES: JobState[] = ['running', 'queued', 'dead']
const SECTIONS: Section[] = ['running', 'queued', 'grouped', 'dead']
const START = [-Infinity, -Infinity, -1] as const

/** Jobs by kind and state. */
export function counts(statements: QueueStatements): Counts {
  // Not key by key: a kind that somebody has written past the intake could be a built-in.
  return Object.fromEntries(
    statements.counts.all().map(([kind, queued, running, dead]) => {
      return [kind as string, { queued, running, dead } as Counts[string]]
    }),
  )
}

/**
 * One page, which ends early where its texts would take too long to read. States and kinds are
 * sections that are walked one after the other, each through its own index from where the page
 * before ended, so that no page costs more than its length.
 */
export function list(statements: QueueStatements, query: ListQuery, clock: QueueClock): Page {
  const { state, kind, after, limit } = checkQuery(query)
  const rows: Row[] = []
  const room = new PageRoom()
  const kinds = kind === undefined ? Object.keys(counts(statements)).sort() : [kind]
  for (const section of sections(sectionsOf(state), kinds, after)) {
    // One more than asked for tells whether there is another page.
    for (const row of rowsOf(statements, section, limit + 1 - rows.length)) {
      const isFull = rows.length === limit || !room.take(bytesOf(row))
      if (isFull) return { jobs: records(rows, clock), next: cursor(rows.at(-1)!) }
      rows.push(row)
    }
  }
  return { jobs: records(rows, clock) }
}

function records(rows: Row[], clock: QueueClock): JobRecord[] {
  return rows.map((row) => jobRecord(row, clock))
}

function sectionsOf(state: JobState | undefined): Section[] {
  if (state === undefined) return SECTIONS
  return state === 'queued' ? ['queued', 'grouped'] : [state]
}

function sections(states: Section[], kinds: string[], after: Position | undefined): Position[] {
  const all = states.flatMap((state) => kinds.map((kind): Position => [state, kind, ...START]))
  if (after === undefined) return all
  const order = ([state, kind]: Position): [number, string] => [SECTIONS.indexOf(state), kind]
  const [state, kind] = order(after)
  const later = all.filter((section) => {
    const [s, k] = order(section)
    return s > state || (s === state && k > kind)
  })
  return [after, ...later]
}

function rowsOf(
  statements: QueueStatements,
  [state, kind, priority, runAt, id]: Position,
  limit: number,
): Iterable<Row> {
  switch (state) {
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

/** The place of a row in its index: what people see of its time is the wall clock's. */
function cursor([id, kind, , , state, priority, , , , , runAt, , , , , group]: Row): string {
  const section = state === 'queued' && group !== null ? 'grouped' : state
  return Buffer.from(JSON.stringify([section, kind, priority, runAt, id])).toString('base64url')
}

function position(after: string): Position {
  try {
    const parsed = JSON.parse(Buffer.from(after, 'base64url').toString()) as unknown[]
    const [state, kind, priority, runAt, id] = parsed
    checkOneOf(state, 'section', SECTIONS)
    checkKind(kind)
    for (const number of [priority, runAt, id]) {
      if (typeof number !== 'number') throw badOption('after', 'numbers', number)
    }
    return parsed as Position
  } catch {
    throw badOption('after', 'the `next` of a page of this list', after)
  }
}

function checkQuery(query: ListQuery) {
  checkKeys(query, 'query', ['state', 'kind', 'after', 'limit'])
  const state = query.state === undefined ? undefined : checkOneOf(query.state, 'state', STATES)
  const kind = query.kind === undefined ? undefined : checkKind(query.kind)
  const after = query.after === undefined ? undefined : position(query.after)
  if (after && (!sectionsOf(state).includes(after[0]) || (kind ?? after[1]) !== after[1])) {
    throw badOption('after', 'the `next` of a page of the same list', query.after)
  }
  const limit = query.limit === undefined ? 100 : checkInteger(query.limit, 'limit', 1, 1_000)
  return { state, kind, after, limit }
}
