import { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../../../src/job/job.ts'
import type { Move } from '../../../src/job/outcome.ts'
import { sleep } from '../../../src/timer.ts'
import { inBatches } from '../../../src/store/in-batches.ts'
import { claimFirst, endClaim } from '../../../src/store/rules/one-by-one.ts'
import type { JobStore, RunStore, Store } from '../../../src/store/store.ts'
import type { Turn, TurnResult } from '../../../src/store/turn.ts'
import { takeTurn } from '../../../src/store/rules/turn-steps.ts'
import { enqueue } from './enqueue.ts'
import { orphans } from './orphans.ts'
import { Reader } from './reader.ts'
import { MemorySteps } from './steps.ts'
import type { Tables } from './tables.ts'

/** A store in memory, which is asynchronous at every verb. */
export class MemoryStore extends Reader implements Store, JobStore, RunStore {
  readonly turnTarget = 4

  async turn(turn: Turn): Promise<TurnResult> {
    const taken = await this.write((tables) =>
      takeTurn(turn, (isCareful, body) =>
        tables.atomically(() => body(new MemorySteps(tables, this.clock, turn.now, isCareful))),
      ),
    )
    // Waiting for an answer does not hold the event loop.
    return { ...taken, heldMs: 0 }
  }

  enqueue(job: NewJob, now: number): Promise<EnqueueResult> {
    return this.write((tables) => enqueue({ tables, now, wall: this.clock.wallOf(now) }, job))
  }

  /** Refused: no host has a transaction of its own here. */
  async enqueueIn(): Promise<never> {
    throw new HelveError('HELVE_ERR_OPTION', 'connection: expected none, got one')
  }

  /** Refused, as {@link enqueueIn}. */
  publishIn(): Promise<never> {
    return this.enqueueIn()
  }

  claim(now: number): Promise<ClaimedJob | undefined> {
    return claimFirst(this, now)
  }

  complete(job: ClaimedJob, now: number): Promise<boolean> {
    return endClaim(this, job, { to: 'completed' }, now)
  }

  fail(job: ClaimedJob, move: Move, now: number): Promise<boolean> {
    return endClaim(this, job, move, now)
  }

  join(now: number): Promise<ClaimedJob[]> {
    return this.write((tables) => {
      this.database.take(this)
      return orphans(tables, now)
    })
  }

  pruneDeliveries(before: number): Promise<number> {
    const until = this.clock.timeOf(before)
    return this.#prune((tables, limit) => {
      const old = new Set(tables.deliveries.filter(({ at }) => at < until).slice(0, limit))
      tables.deliveries = tables.deliveries.filter((one) => !old.has(one))
      return old.size
    })
  }

  /** Prunes in batches; each batch is a transaction. */
  #prune(batch: (tables: Tables, limit: number) => number): Promise<number> {
    return inBatches((limit) => this.write((tables) => batch(tables, limit)), sleep)
  }
}
