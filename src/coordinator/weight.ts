import type { DeliveryRecord } from '../job/delivery.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'

// What an ending weighs in the turn that writes it.

/** Rows that an ending writes. */
export function rowsOf({ outcome }: { outcome: Outcome }): number {
  const followUps = 'followUps' in outcome ? outcome.followUps.length : 0
  const deliveries = 'deliveries' in outcome ? outcome.deliveries.length : 0
  return 1 + followUps + deliveries
}

/** Characters and bytes that an ending writes, as far as they can be many. */
export function bytesOf({ job, outcome }: { job: ClaimedJob; outcome: Outcome }): number {
  // A row that stays is written again, as a whole.
  const own = outcome.type === 'completed' ? 0 : job.payload.length
  if (rowsOf({ outcome }) === 1) return own
  const followUps = 'followUps' in outcome ? outcome.followUps : []
  const deliveries = 'deliveries' in outcome ? outcome.deliveries : []
  const payloads = followUps.reduce((sum, { payload }) => sum + payload.length, own)
  return deliveries.reduce((sum, record) => sum + bytesOfRecord(record), payloads)
}

function bytesOfRecord({ requestBody, responseBody }: DeliveryRecord): number {
  return requestBody.length + (responseBody?.byteLength ?? 0)
}
