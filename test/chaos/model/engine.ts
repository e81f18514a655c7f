import type { Coordinator } from '../../../src/coordinator/coordinator.ts'
import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Policy } from '../../../src/job/policy.ts'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Command } from '../../../src/store/command.ts'
import type { Store } from '../../../src/store/store.ts'
import { aCoordinator, type Rig } from '../../support/coordinator/rig.ts'
import type { FakePool } from '../../support/fake-pool.ts'
import type { ManualClock } from '../../support/manual-clock.ts'
import { LANES, SPARE, type Kind, type Lane } from './kinds.ts'
import type { Start } from './mail.ts'
import type { Rows } from './rows.ts'
import type { Taken } from './turn.ts'

/** The outcome of the runs that a process leaves when it ends. */
export const LOST = { type: 'lost', reason: 'the process ended' } as const

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

/** A real coordinator and its file. The sequence plays the coordinator's threads and its clock. */
export class Engine {
  readonly #setup: Setup
  #store!: SqliteStore
  #rig!: Rig
  #told: unknown[][] = []
  #answers: unknown[][] = []
  #happened: (Taken | 'wake')[] = []
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

  /** A process begins, as a runtime does; resolves to the jobs that the last one left running. */
  async open(): Promise<ClaimedJob[]> {
    const { file, clock, slots, policies, most, change } = this.#setup
    const store = await SqliteStore.open(file, { durability: 'process', clocks: clock.sources })
    this.#store = store
    change(store)
    narrow(store, most)
    this.#listen(store)
    const parts = { store, clock, policies, spare: SPARE, lanes: slots, kinds: LANES, idle: IDLE }
    this.#rig = await aCoordinator({ after: () => {} }, parts)
    const { coordinator } = this
    const wake = coordinator.wake.bind(coordinator)
    coordinator.wake = () => {
      this.#happened.push('wake')
      wake()
    }
    const orphans = await store.join(store.clock.now())
    for (const job of orphans) coordinator.settled(job, LOST)
    return orphans
  }

  /** The store writes the next turn and does not say so; returns a function that lets it say so. */
  holdTurn(): () => void {
    return this.#rig.turns.holdAfter()
  }

  /** The process ends, whatever runs. */
  async close(): Promise<void> {
    this.coordinator.close()
    await this.#store.close()
    this.#told = []
    this.#answers = []
    this.#happened = []
    this.#onces = []
  }

  enqueue(job: NewJob): void {
    keepResult(this.#told, this.coordinator.enqueue(job))
  }

  command(command: Command): void {
    keepResult(this.#answers, this.coordinator.command(command))
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

  /** The rows in the file. */
  get rows(): Rows {
    return this.#setup.rows
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

  /** The turns since the last call, and the wakes, at which jobs may have been there to claim. */
  happened(): (Taken | 'wake')[] {
    return this.#happened.splice(0)
  }

  /** The acknowledgements since the last call, in the order of the submissions. */
  acknowledgements(): unknown[] {
    return this.#told.splice(0).flat()
  }

  /** The results of commands since the last call, in the order of the commands. */
  answers(): unknown[] {
    return this.#answers.splice(0).flat()
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

  #listen(store: Store): void {
    const take = store.turn.bind(store)
    store.turn = async (turn) => {
      const result = await take(turn)
      this.#happened.push({ turn, result, suspects: this.rows.suspects() })
      return result
    }
  }
}

/** Keeps the result or the error of a promise in the promise's place among the results. */
function keepResult(results: unknown[][], promise: Promise<unknown>): void {
  const own: unknown[] = []
  const keep = (result: unknown): number => own.push(result)
  results.push(own)
  void promise.then(keep, keep)
}

/** Lets no lane look at more than `most` queued jobs in a turn, as if turns took long. */
function narrow(store: Store, most: number): void {
  const turn = store.turn.bind(store)
  store.turn = (given) => {
    const admit: typeof given.admit = (backlog, pauses) =>
      given.admit(backlog, pauses).map((one) => ({ ...one, most: Math.min(one.most, most) }))
    return turn({ ...given, admit })
  }
}
