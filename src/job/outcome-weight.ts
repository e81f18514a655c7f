import type { Outcome } from './outcome.ts'

// The size of a run's effects (follow-up jobs, events and delivery records), for the code that sends or
// writes the effects.

/** Rows of an outcome's effects. */
export function effectRows(outcome: Outcome): number {
  const followUps = 'followUps' in outcome ? outcome.followUps.length : 0
  const deliveries = 'deliveries' in outcome ? outcome.deliveries.length : 0
  const publications = 'publications' in outcome ? (outcome.publications?.length ?? 0) : 0
  return followUps + deliveries + publications
}

/** Size of an outcome's effects: characters of the texts, and bytes of the response bodies. */
export function effectSize(outcome: Outcome): number {
  let size = 0
  if ('followUps' in outcome) for (const { payload } of outcome.followUps) size += payload.length
  if ('publications' in outcome) {
    for (const { json = '' } of outcome.publications ?? []) size += json.length
  }
  if (!('deliveries' in outcome)) return size
  for (const { requestBody, responseBody } of outcome.deliveries) {
    size += requestBody.length + (responseBody?.byteLength ?? 0)
  }
  return size
}
