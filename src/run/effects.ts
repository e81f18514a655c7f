import { serialize } from 'node:v8'
import { checkDelivery, type DeliveryRecord } from '../job/delivery.ts'
import { HelveError } from '../job/errors.ts'
import type { NewJob } from '../job/job.ts'
import { MAX_EFFECT_BYTES, MAX_EFFECTS } from '../job/limits.ts'

// A handler may replace it.
const clone = structuredClone

/** What a run wants to be written with its settling: only so much, since one turn writes all of it. */
export class Effects {
  readonly followUps: NewJob[] = []
  readonly deliveries: DeliveryRecord[] = []
  #bytes = 0

  /** @throws HelveError `HELVE_ERR_BACKPRESSURE`, `HELVE_ERR_PAYLOAD_TOO_LARGE` */
  enqueue(job: NewJob): void {
    this.#take('follow-ups', this.followUps.length, Buffer.byteLength(job.payload))
    this.followUps.push(job)
  }

  /** @throws as {@link enqueue}, `HELVE_ERR_OPTION`, and for what cannot be cloned */
  record(record: DeliveryRecord): void {
    // Here, where it throws into the handler: what cannot be cloned would end the thread.
    const own = clone(record)
    checkDelivery(own)
    this.#take('deliveries', this.deliveries.length, serialize(own).length)
    this.deliveries.push(own)
  }

  #take(what: string, number: number, bytes: number): void {
    if (number >= MAX_EFFECTS) {
      const problem = `${what}: expected at most ${MAX_EFFECTS} in one run, got more`
      throw new HelveError('HELVE_ERR_BACKPRESSURE', problem)
    }
    const all = this.#bytes + bytes
    if (all > MAX_EFFECT_BYTES) {
      const problem = `${what}: expected at most ${MAX_EFFECT_BYTES} bytes in one run, got ${all}`
      throw new HelveError('HELVE_ERR_PAYLOAD_TOO_LARGE', problem)
    }
    this.#bytes = all
  }
}
