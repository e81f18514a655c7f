import { badOption, checkInteger, checkKeys, checkOneOf } from '../job/check.ts'
import type { JobState } from '../job/job.ts'
import { checkKind } from '../job/submission.ts'
import type { ListQuery } from './inspection.ts'

// The order of a list of jobs, and where its pages begin: the same for every store.

/**
 * A part of the list. Queued jobs with a group (`grouped`) come behind those without a group, since
 * groups run in another order anyway.
 */
export type Section = JobState | 'grouped'

/** The place of a job in the list. The next page begins behind the last job of the one before. */
export interface Place {
  section: Section
  kind: string
  priority: number
  /** A moment of the queue; people see wall time. */
  runAt: number
  id: number
}

const STATES: JobState[] = ['running', 'queued', 'dead']
const SECTIONS: Section[] = ['running', 'queued', 'grouped', 'dead']
const START = { priority: -Infinity, runAt: -Infinity, id: -1 }

/** A query, checked. */
export interface CheckedQuery {
  state: JobState | undefined
  kind: string | undefined
  after: Place | undefined
  limit: number
}

/** @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND` */
export function checkListQuery(query: ListQuery): CheckedQuery {
  checkKeys(query, 'query', ['state', 'kind', 'after', 'limit'])
  const state = query.state === undefined ? undefined : checkOneOf(query.state, 'state', STATES)
  const kind = query.kind === undefined ? undefined : checkKind(query.kind)
  const after = query.after === undefined ? undefined : placeOf(query.after)
  if (
    after &&
    (!sectionsOf(state).includes(after.section) || (kind ?? after.kind) !== after.kind)
  ) {
    throw badOption('after', 'the `next` of a page of the same list', query.after)
  }
  const limit = query.limit === undefined ? 100 : checkInteger(query.limit, 'limit', 1, 1_000)
  return { state, kind, after, limit }
}

/**
 * The places from which to read a page, one after the other. Each pair of a state and a kind is a
 * section, and a store walks each section through an index of its own.
 *
 * @param kinds all kinds that have jobs
 */
export function placesOf({ state, kind, after }: CheckedQuery, kinds: readonly string[]): Place[] {
  const of = kind === undefined ? [...kinds].sort() : [kind]
  const all = sectionsOf(state).flatMap((section) =>
    of.map((name): Place => ({ section, kind: name, ...START })),
  )
  return after === undefined ? all : [after, ...all.filter((place) => isBehind(place, after))]
}

/** The `next` of a page that ends at a place. */
export function cursorOf({ section, kind, priority, runAt, id }: Place): string {
  return Buffer.from(JSON.stringify([section, kind, priority, runAt, id])).toString('base64url')
}

function placeOf(cursor: string): Place {
  try {
    const parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const [section, kind, priority, runAt, id] = parsed
    return {
      section: checkOneOf(section as Section, 'section', SECTIONS),
      kind: checkKind(kind),
      priority: checkedNumber(priority),
      runAt: checkedNumber(runAt),
      id: checkedNumber(id),
    }
  } catch {
    throw badOption('after', 'the `next` of a page of this list', cursor)
  }
}

function checkedNumber(number: unknown): number {
  if (typeof number !== 'number') throw badOption('after', 'numbers', number)
  return number
}

function sectionsOf(state: JobState | undefined): Section[] {
  if (state === undefined) return SECTIONS
  return state === 'queued' ? ['queued', 'grouped'] : [state]
}

/** Whether the section and kind of the first place come behind those of the second place. */
function isBehind({ section, kind }: Place, place: Place): boolean {
  const [own, other] = [SECTIONS.indexOf(section), SECTIONS.indexOf(place.section)]
  return own > other || (own === other && kind > place.kind)
}
