import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { Store } from '../../../src/store/store.ts'
import { NO_WORK, type Settle } from '../../../src/store/turn.ts'
import { aDelivery, admission, aJob, buries, completes, NOW, requeues } from '../../support/jobs.ts'
import type { Random } from '../../support/random.ts'

/** Turns of a busy queue, one after the other; each turn changes something. */
export class Turns {
  readonly #store: Store
  readonly #random: Random
  #now = NOW
  #submitted = 0
  #claimed: ClaimedJob[] = []

  constructor(store: Store, random: Random) {
    this.#store = store
    this.#random = random
  }

  async take(): Promise<void> {
    this.#now += 1
    const settles = this.#ended().map((job) => this.#settle(job))
    const enqueues = Array.from({ length: 1 + this.#random.below(4) }, () => this.#submission())
    const room = this.#random.below(4)
    const { claimed } = await this.#store.turn({
      ...{ ...NO_WORK, now: this.#now, settles, enqueues },
      admit: (queues) => [admission(queues, room)],
    })
    this.#claimed.push(...claimed)
  }

  #ended(): ClaimedJob[] {
    const count = this.#random.below(this.#claimed.length + 1)
    return Array.from({ length: count }, () => this.#random.take(this.#claimed)!)
  }

  #settle(job: ClaimedJob): Settle {
    const runAt = this.#now + this.#random.below(20)
    const deliveries = this.#random.chance(0.3) ? [aDelivery({ at: this.#now })] : []
    if (this.#random.chance(0.2)) return requeues(job, { runAt, deliveries })
    return this.#random.chance(0.1) ? buries(job) : completes(job, { deliveries })
  }

  #submission(): NewJob {
    this.#submitted += 1
    const text = 'x'.repeat(this.#random.chance(0.1) ? 9_000 : this.#random.below(200))
    return aJob({
      payload: { n: this.#submitted, text },
      dedupeKey: this.#random.chance(0.3) ? `key-${this.#random.below(5)}` : null,
      group: this.#random.chance(0.2) ? `group-${this.#random.below(3)}` : null,
      priority: this.#random.below(2),
      runAt: this.#now,
    })
  }
}
