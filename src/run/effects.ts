import { serialize } from 'node:v8'
import { checkDelivery, type DeliveryRecord } from '../job/delivery.ts'
import { HelveError } from '../job/errors.ts'
import type { NewJob } from '../job/job.ts'
import type { NewPublication } from '../job/publication.ts'
import { MAX_EFFECT_BYTES, MAX_EFFECTS } from '../job/limits.ts'

// Kept here, because a handler may replace the global.
const clone = structuredClone

/**
 * The effects of a run, written with its settle. They are bounded, since one turn writes all of
 * them.
 */
export class Effects {
  readonly followUps: NewJob[] = []
  readonly deliveries: DeliveryRecord[] = []
  /** Undefined for a run without events, as most runs are. */
  publications: NewPublication[] | undefined
  #bytes = 0

  /** @throws HelveError `HELVE_ERR_BACKPRESSURE`, `HELVE_ERR_PAYLOAD_TOO_LARGE` */
  enqueue(job: NewJob): void {
    this.#take('follow-ups', this.followUps.length, Buffer.byteLength(job.payload))
    this.followUps.push(job)
  }

  /** @throws as {@link enqueue} */
  publish(publication: NewPublication): void {
    const { publications = [] } = this
    this.#take('publications', publications.length, Buffer.byteLength(publication.json ?? ''))
    this.publications = [...publications, publication]
  }

  /** @throws as {@link enqueue}, `HELVE_ERR_OPTION`, and for a record that cannot be cloned */
  record(record: DeliveryRecord): void {
    // Clones here, so that the error reaches the handler: later, a record that cannot be cloned
    // would end the thread.
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
