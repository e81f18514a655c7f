import type { Coordinator } from '../../../src/coordinator/coordinator.ts'
import { orphaned } from '../../../src/coordinator/last-chance.ts'
import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Policy } from '../../../src/job/policy.ts'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { aCoordinator, type Rig } from '../../coordinator/rig.ts'
import type { FakePool } from '../../support/fake-pool.ts'
import type { ManualClock } from '../../support/manual-clock.ts'
import { LANES, SPARE, type Kind, type Lane } from './kinds.ts'
import type { Start } from './mail.ts'
import type { Row, Rows } from './rows.ts'
import type { Taken } from './turn.ts'

/** Milliseconds between two looks at an idle queue. */
const IDLE = 60_000

export interface Setup {
  file: string
  clock: ManualClock
  slots: Record<Lane, number>
  policies: Record<Kind, Policy>
  /** Queued jobs that a lane looks at in one turn. */
  most: number
  rows: Rows
  /** Changes a store that has been opened. */
  change: (store: Store) => void
}

/** The real thing: a coordinator and its file. Its threads, and its time, are the sequence's. */
export class Engine {
  readonly #setup: Setup
  #store!: SqliteStore
  #rig!: Rig
  #told: unknown[][] = []
  #onces: boolean[] = []

  constructor(setup: Setup) {
    this.#setup = setup
  }

  get clock(): ManualClock {
    return this.#setup.clock
  }

  get store(): SqliteStore {
    return this.#store
  }

  get coordinator(): Coordinator {
    return this.#rig.coordinator
  }

  /** A process begins, as a runtime does; resolves to what the one before has left running. */
  async open(): Promise<ClaimedJob[]> {
    const { file, clock, slots, policies, most, change } = this.#setup
    const store = await SqliteStore.open(file, { durability: 'process' })
    this.#store = store
    change(store)
    narrow(store, most)
    const parts = { store, clock, policies, spare: SPARE, lanes: slots, kinds: LANES, idle: IDLE }
    this.#rig = await aCoordinator({ after: () => {} }, parts)
    const orphans = await store.own(clock.now())
    for (const { job, outcome } of orphaned(orphans)) this.coordinator.settled(job, outcome)
    return orphans
  }

  /** The next turn is written, and nobody hears of it; returns the way to let it end. */
  holdTurn(): () => void {
    return this.#rig.turns.holdAfter()
  }

  /** The process ends, whatever runs. */
  async close(): Promise<void> {
    this.coordinator.close()
    await this.#store.close()
    this.#told = []
    this.#onces = []
  }

  enqueue(job: NewJob): void {
    const told: unknown[] = []
    const tell = (result: unknown): number => told.push(result)
    this.#told.push(told)
    void this.coordinator.enqueue(job).then(tell, tell)
  }

  enqueueMany(jobs: NewJob[]): void {
    const told: unknown[] = []
    this.#told.push(told)
    void this.coordinator.enqueueAll(jobs).then((results) => told.push(...results))
  }

  once(): void {
    const onces = this.#onces
    void this.coordinator.once().then((ran) => onces.push(ran))
  }

  finish(id: number, outcome: Outcome): ClaimedJob {
    return this.#pools.find(({ running }) => running.includes(id))!.finish(id, outcome)
  }

  resize(lane: Lane, slots: number): void {
    this.#rig.pools.get(lane)!.resize(slots)
    this.coordinator.wake()
  }

  /** What is in the file. */
  rows(): Row[] {
    return this.#setup.rows.all()
  }

  get lanes(): Lane[] {
    return Object.keys(this.#setup.slots) as Lane[]
  }

  running(lane: Lane): number[] {
    return this.#rig.pools.get(lane)!.running
  }

  /** Ids of the runs that were told to end since the last call. */
  ended(): number[] {
    return [...new Set(this.#pools.flatMap(({ ended }) => ended.splice(0)))]
  }

  /** The turns since the last call. */
  turns(): Taken[] {
    const { turns, results } = this.#rig.turns
    const taken = results.splice(0)
    return turns.splice(0).map((turn, i) => ({ turn, result: taken[i]! }))
  }

  /** What has been acknowledged since the last call, in the order of the submissions. */
  acknowledgements(): unknown[] {
    return this.#told.splice(0).flat()
  }

  /** What calls of `once` have resolved to since the last call. */
  onces(): boolean[] {
    return this.#onces.splice(0)
  }

  /** The runs that threads were given since the last call. */
  starts(lane: Lane): Start[] {
    const starts = this.#rig.pools.get(lane)!.started.splice(0)
    return starts.map(({ job: { id, attempt }, terms }) => ({ id, lane, attempt, terms }))
  }

  get #pools(): FakePool[] {
    return [...this.#rig.pools.values()]
  }
}

/** No lane looks at more queued jobs in a turn, as if turns took long. */
function narrow(store: Store, most: number): void {
  const turn = store.turn.bind(store)
  store.turn = (given) => {
    const admit: typeof given.admit = (backlog, pauses) =>
      given.admit(backlog, pauses).map((one) => ({ ...one, most: Math.min(one.most, most) }))
    return turn({ ...given, admit })
  }
}
