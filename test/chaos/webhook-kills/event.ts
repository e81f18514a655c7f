import type { Publication } from '../../../src/index.ts'

/** What the numbered events are about. */
export const TARGET = { type: 'repository', id: 5 }
/** Every so many events, a job publishes the event with its completion. */
export const BY_A_JOB = 3

/** The payload of an event. */
export interface Numbered {
  n: number
}

/** The one GUID of an event: all deliveries and all attempts have to carry this GUID. */
export function guidOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

export function publicationOf(n: number): Publication {
  return { target: TARGET, payload: { n }, guid: guidOf(n) }
}
