import type { Lanes } from '../coordinator/admission.ts'
import { closed } from '../coordinator/coordinator.ts'
import type { Policy } from '../job/policy.ts'
import type { Pool } from '../pool/pool.ts'
import type { CheckedLane } from './lane-options.ts'
import type { CheckedOptions } from './options.ts'
import { MAIN_LANE, type Registry } from './registry.ts'
import type { Service } from './services.ts'
import { unstartable } from './unstartable.ts'

/** Starts the pool of a lane; `lane` is undefined for the lane of the main thread. */
type OpenPool = (name: string, lane: CheckedLane | undefined) => Pool

/** The lanes of a runtime: the lane of the main thread, and lanes of threads. Owns their pools. */
export class RuntimeLanes implements Lanes, Service {
  /** The pools by the names of the lanes; empty before the start and after the end. */
  readonly pools: ReadonlyMap<string, Pool>
  readonly unknownKinds: 'dead' | 'wait'
  readonly #pools = new Map<string, Pool>()
  /** The lanes of threads, with their present options: {@link resize} changes them. */
  readonly #lanes: Map<string, CheckedLane>
  readonly #handlers: string | undefined
  readonly #registry: Registry
  readonly #open: OpenPool
  #hasEnded = true

  constructor(
    { handlers, lanes, unknownKinds }: CheckedOptions,
    registry: Registry,
    open: OpenPool,
  ) {
    this.pools = this.#pools
    this.unknownKinds = unknownKinds
    this.#lanes = new Map(lanes)
    this.#handlers = handlers
    this.#registry = registry
    this.#open = open
  }

  of(kind: string): string | undefined {
    return this.#registry.lane(kind)
  }

  policy(kind: string): Policy {
    return this.#registry.policy(kind)
  }

  cost(kind: string): number {
    if (this.policy(kind).alone) return 1
    return this.#pools.get(this.of(kind) ?? '')?.cost(kind) ?? 1
  }

  start(): void {
    this.#pools.set(MAIN_LANE, this.#open(MAIN_LANE, undefined))
    if (this.#handlers === undefined) return
    for (const [name, lane] of this.#lanes) this.#pools.set(name, this.#open(name, lane))
  }

  /**
   * Waits until each thread is up, or cannot be started. Each lane needs one thread that is up.
   *
   * @throws HelveError `HELVE_ERR_HANDLERS` for a lane without a thread; `HELVE_ERR_CLOSED` as soon
   *   as `over` aborts
   */
  async ready(over: AbortSignal): Promise<void> {
    const ready = Promise.all([...this.#pools.values()].map((pool) => pool.ready()))
    await Promise.race([ready, abortOf(over)])
    if (over.aborted) throw closed()
    for (const [lane, pool] of this.#pools) {
      if (pool.problem !== undefined) throw unstartable(lane, pool, this.#handlers)
    }
  }

  /** Sets the number of threads of a lane, whether the lane is started or not. */
  resize(name: string, threads: number): void {
    const lane = this.#lanes.get(name)
    if (lane !== undefined) this.#lanes.set(name, { ...lane, threads })
    this.#pools.get(name)?.resize(threads)
  }

  /**
   * Lanes of threads where one run keeps all other kinds waiting, each with its kinds of `kinds`.
   */
  narrow(kinds: Iterable<string>): { lane: string; kinds: string[] }[] {
    const all = [...kinds].sort()
    const lanes = [...this.#lanes].filter(([name, { spare }]) => {
      return !spare && this.#pools.get(name)?.slots === 1
    })
    return lanes
      .map(([lane]) => ({ lane, kinds: all.filter((kind) => this.of(kind) === lane) }))
      .filter((narrow) => narrow.kinds.length > 1)
  }

  interrupt(isLast: boolean): void {
    for (const pool of this.#pools.values()) pool.interrupt(isLast)
  }

  async stop(): Promise<void> {
    const pools = [...this.#pools.values()]
    // Takes the pools out of reach of `resize`: nobody would close the threads that it then starts.
    this.#pools.clear()
    this.#hasEnded = false
    const ended = await Promise.all(pools.map((pool) => pool.close()))
    this.#hasEnded = ended.every(Boolean)
  }

  /** Whether no job goes on after {@link stop}: only the end of the process can stop some jobs. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }
}

/** Resolves once the signal has aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
