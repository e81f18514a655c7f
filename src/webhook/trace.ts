import type { AttemptTimings } from '../job/delivery.ts'

/** The stations of an attempt, in their order. */
type Station = 'begun' | 'resolving' | 'resolved' | 'connected' | 'secured' | 'answered'

/** Notes when an attempt passes its stations, and the address that it was connected to. */
export class AttemptTrace {
  remoteAddress: string | null = null
  readonly #at = new Map<Station, number>()

  /** Notes the present moment; a station that the attempt has passed stays as it is. */
  pass(station: Station): void {
    if (!this.#at.has(station)) this.#at.set(station, performance.now())
  }

  /** Whether the host has taken the connection; TLS comes after that. */
  get isConnected(): boolean {
    return this.#at.has('connected')
  }

  get timings(): AttemptTimings {
    return {
      lookup: this.#between('resolving', 'resolved'),
      connect: this.#between(this.#at.has('resolved') ? 'resolved' : 'begun', 'connected'),
      tls: this.#between('connected', 'secured'),
      firstByte: this.#between(this.#at.has('secured') ? 'secured' : 'connected', 'answered'),
    }
  }

  #between(from: Station, to: Station): number | null {
    const [began, ended] = [this.#at.get(from), this.#at.get(to)]
    return began === undefined || ended === undefined ? null : Math.round((ended - began) * 10) / 10
  }
}
