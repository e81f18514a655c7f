import { closed } from '../coordinator/coordinator.ts'
import { orphaned } from '../coordinator/last-chance.ts'
import { HelveError } from '../job/errors.ts'
import { tellNarrowLanes, type LaneParts, type LanePools } from './lanes.ts'
import { patiently } from '../patience.ts'
import { within } from '../pool/within.ts'

/** Milliseconds that a stopping runtime gives to what still runs. */
export const STOP_TIMEOUT = 20_000
/** And then, beyond each run's grace, to what it had to interrupt. */
const INTERRUPT_TIMEOUT = 10_000

/** A runtime's life: it owns the file from its first run on, and ends once. */
export class Lifecycle {
  readonly #pools: LanePools
  readonly #parts: LaneParts
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  #unwatch: (() => void) | undefined
  /** Ends the `run` that is going on. */
  #endRun: (() => void) | undefined

  constructor(pools: LanePools, parts: LaneParts) {
    this.#pools = pools
    this.#parts = parts
  }

  async runOnce(): Promise<boolean> {
    // Otherwise nothing could be claimed that belongs to threads.
    await this.start()
    return this.#parts.coordinator.once()
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    if (this.#endRun) throw new HelveError('HELVE_ERR_OPTION', 'run: this runtime runs already')
    const ended = new Promise<void>((resolve) => (this.#endRun = resolve))
    const end = (): void => this.#endRun?.()
    try {
      // One lane whose threads take long to set up keeps no other one waiting.
      await this.#begin()
      if (signal?.aborted || this.#stopped) return
      signal?.addEventListener('abort', end, { once: true })
      this.#parts.coordinator.claim()
      await ended
      this.#parts.coordinator.pause()
      await (this.#stopped ?? this.#drain(STOP_TIMEOUT))
    } finally {
      signal?.removeEventListener('abort', end)
      this.#endRun = undefined
    }
  }

  stop(timeout: number): Promise<void> {
    this.#stopped ??= this.#stop(timeout)
    this.#endRun?.()
    return this.#stopped
  }

  /** @throws HelveError `HELVE_ERR_CLOSED` after `stop` */
  checkOpen(): void {
    if (this.#stopped) throw closed()
  }

  /** What a kind may do has changed. */
  regroup(kind: string): void {
    const { store, coordinator, events } = this.#parts
    const during = `looking at the groups of ${kind} anew`
    const looked = this.#started?.then(() => store.regroup(kind, Date.now()))
    looked?.catch((error: unknown) => events.emit('error', () => ({ error, during })))
    coordinator.wake()
  }

  /** Owns the file and starts the lanes, the first time; resolves once their threads are up. */
  async start(): Promise<void> {
    await this.#begin()
    await this.#pools.ready()
  }

  #begin(): Promise<void> {
    if (this.#stopped) return Promise.reject(closed())
    this.#started ??= this.#own().catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async #own(): Promise<void> {
    const { store, coordinator, registry } = this.#parts
    const orphans = orphaned(await patiently(() => store.own(Date.now())))
    try {
      this.#unwatch = store.watch(() => coordinator.wake())
      this.#pools.start(this.#parts)
      for (const kind of Object.keys(await store.counts())) {
        const lane = registry.lane(kind)
        if (lane !== undefined) registry.kinds(lane).add(kind)
      }
    } catch (error) {
      await this.#release()
      throw error
    }
    for (const { job, outcome } of orphans) coordinator.settled(job, outcome)
    tellNarrowLanes(this.#pools, this.#parts)
  }

  /** Ends what {@link #own} has begun. */
  async #release(): Promise<void> {
    this.#unwatch?.()
    await this.#pools.close()
    await this.#parts.store.disown()
  }

  async #stop(timeout: number): Promise<void> {
    const { store, coordinator } = this.#parts
    coordinator.pause()
    // Whoever started it has been told why that failed.
    const owned = await this.#started?.then(
      () => true,
      () => false,
    )
    await this.#drain(timeout)
    coordinator.close()
    this.#unwatch?.()
    const ended = await this.#pools.close()
    if (!owned) return
    // A job that nothing can stop may still be running: only the end of the process ends it.
    if (ended) await store.disown()
    else store.keep()
  }

  async #drain(timeout: number): Promise<void> {
    const { coordinator, registry } = this.#parts
    if (await within(timeout, coordinator.quiet())) return
    this.#pools.interrupt(this.#stopped !== undefined)
    await within(registry.longestGrace() + INTERRUPT_TIMEOUT, coordinator.ended())
  }
}
