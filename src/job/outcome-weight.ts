import type { Outcome } from './outcome.ts'

// What the effects of a run weigh for whoever writes them: jobs that it enqueued, and records of
// what it delivered.

/** Rows of an outcome's effects. */
export function effectRows(outcome: Outcome): number {
  const followUps = 'followUps' in outcome ? outcome.followUps.length : 0
  const deliveries = 'deliveries' in outcome ? outcome.deliveries.length : 0
  return followUps + deliveries
}

/** Characters and bytes of an outcome's effects. */
export function effectSize(outcome: Outcome): number {
  let size = 0
  if ('followUps' in outcome) for (const { payload } of outcome.followUps) size += payload.length
  if (!('deliveries' in outcome)) return size
  for (const { requestBody, responseBody } of outcome.deliveries) {
    size += requestBody.length + (responseBody?.byteLength ?? 0)
  }
  return size
}
