import { closed } from '../coordinator/coordinator.ts'
import { HelveError, read } from '../job/errors.ts'
import type { ClaimedJob } from '../job/job.ts'
import { tellNarrowLanes, type LaneParts, type LanePools } from './lanes.ts'
import { patiently } from '../patience.ts'
import { within } from '../pool/within.ts'
import { sleep } from '../timer.ts'
import { unstartable } from './unstartable.ts'

/** Milliseconds that a stopping runtime gives to what still runs. */
export const STOP_TIMEOUT = 20_000
/** And then, beyond each run's grace, to what it had to interrupt. */
const INTERRUPT_TIMEOUT = 10_000
/** Milliseconds between two tries to own a file that another process owns. */
const OWN_INTERVAL = 100

/** What became of the runs that went on when a runtime was told to stop. */
export interface Stopped {
  /** All others that ended: failed, timed out, lost and cancelled ones, too. */
  completed: number
  /** Runs that were interrupted: their jobs are queued again, with no attempt spent. */
  released: number
  /** Runs that go on though nothing can stop them, or whose end could not be written. */
  stuck: number
}

/** How a run is begun. */
export interface Beginning {
  signal: AbortSignal | undefined
  /** Milliseconds for which another owner of the file is waited for. */
  wait: number
}

/** What has become of jobs that were `running` when their process ended. */
const ORPHANED = { type: 'lost', reason: 'the process that ran it ended' } as const

/** What ends a start for the sake of the caller that began it. */
const STARTED_ANEW = ['HELVE_ERR_CLOSED', 'HELVE_ERR_OWNED']

/** A runtime's life: it owns the file from its first run on, and ends once. */
export class Lifecycle {
  readonly #pools: LanePools
  readonly #parts: LaneParts
  #started: Promise<void> | undefined
  #stopped: Promise<Stopped> | undefined
  readonly #stopping = new AbortController()
  #unwatch: (() => void) | undefined
  /** Ends the `run` that is going on. */
  #endRun: (() => void) | undefined
  /** Calls of `runOnce` whose jobs have not been settled. */
  readonly #onces = new Set<(error: HelveError) => void>()

  constructor(pools: LanePools, parts: LaneParts) {
    this.#pools = pools
    this.#parts = parts
  }

  async runOnce(): Promise<boolean> {
    await this.start()
    this.checkOpen()
    return new Promise((resolve, reject) => {
      this.#onces.add(reject)
      const once = this.#parts.coordinator.once()
      const settled = once.then((ran) => {
        if (!ran && this.#stopped) throw closed()
        resolve(ran)
      })
      void settled.catch(reject).finally(() => this.#onces.delete(reject))
    })
  }

  async run({ signal, wait }: Beginning): Promise<void> {
    this.checkOpen()
    if (this.#endRun) throw new HelveError('HELVE_ERR_OPTION', 'run: this runtime runs already')
    const ended = new Promise<void>((resolve) => (this.#endRun = resolve))
    const end = (): void => this.#endRun?.()
    signal?.addEventListener('abort', end, { once: true })
    const isOver = (): boolean => signal?.aborted === true || this.#stopped !== undefined
    try {
      await this.start(wait, signal).catch((error: unknown) => {
        if (!isOver()) throw error
      })
      if (this.#stopped) await this.#stopped
      if (isOver()) return
      this.#parts.coordinator.claim()
      await ended
      this.#parts.coordinator.pause()
      await (this.#stopped ?? this.#drain(STOP_TIMEOUT))
    } finally {
      signal?.removeEventListener('abort', end)
      this.#endRun = undefined
    }
  }

  stop(timeout: number): Promise<Stopped> {
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
    const { coordinator, events } = this.#parts
    if (this.#stopped) return
    const during = `looking at the groups of ${kind} anew`
    const looked = this.#started?.then(
      () => coordinator.command({ type: 'regroup', kind }),
      // Whoever started it is told.
      () => undefined,
    )
    looked?.catch((error: unknown) => events.emit('error', () => ({ error, during })))
    coordinator.wake()
  }

  /**
   * Owns the file and starts the lanes, the first time; resolves once their threads are up.
   *
   * @param wait milliseconds for which another owner is waited for
   * @param signal ends that
   */
  async start(wait = 0, signal?: AbortSignal): Promise<void> {
    this.checkOpen()
    if (signal?.aborted) return
    const isOwn = this.#started === undefined
    const { signal: stopping } = this.#stopping
    const over = signal === undefined ? stopping : AbortSignal.any([signal, stopping])
    this.#started ??= this.#own(wait, over).catch((error: unknown) => {
      this.#started = undefined
      throw error
    })
    try {
      await this.#started
    } catch (error) {
      // Another caller's patience was at an end, or its signal has aborted.
      const isOfAnother = !isOwn && STARTED_ANEW.includes(read(error, 'code') as string)
      if (!isOfAnother || this.#stopped) throw error
      return this.start(wait, signal)
    }
  }

  async #own(wait: number, over: AbortSignal): Promise<void> {
    const { store, coordinator, registry, log } = this.#parts
    const orphans = await this.#join(wait, over)
    try {
      log.open()
      this.#unwatch = store.watch(
        () => coordinator.wake(),
        () => this.#onStoreClose(),
      )
      this.#pools.start(this.#parts)
      await this.#ready(over)
      registry.checkKinds()
      for (const kind of Object.keys(await store.counts())) {
        const lane = registry.lane(kind)
        if (lane !== undefined) registry.kinds(lane).add(kind)
      }
    } catch (error) {
      await this.#release()
      throw error
    }
    for (const job of orphans) coordinator.settled(job, ORPHANED)
    tellNarrowLanes(this.#pools, this.#parts)
  }

  /** Becomes the owner of the file, as soon as nobody else is. */
  async #join(wait: number, over: AbortSignal): Promise<ClaimedJob[]> {
    const { store } = this.#parts
    const end = performance.now() + wait
    for (;;) {
      try {
        return await patiently(() => store.own(store.clock.now()))
      } catch (error) {
        const isOwned = error instanceof HelveError && error.code === 'HELVE_ERR_OWNED'
        const left = end - performance.now()
        if (!isOwned || left <= 0) throw error
        await sleep(Math.min(OWN_INTERVAL, left), over)
      }
      if (over.aborted) throw closed()
    }
  }

  /** Waits until each thread is up, or cannot be started: each lane needs one. */
  async #ready(over: AbortSignal): Promise<void> {
    await Promise.race([this.#pools.ready(), abortOf(over)])
    if (over.aborted) throw closed()
    for (const [lane, pool] of this.#pools.byLane) {
      if (pool.problem !== undefined) throw unstartable(lane, pool, this.#parts.options.handlers)
    }
  }

  /** Ends what {@link #own} has begun. */
  async #release(): Promise<void> {
    this.#unwatch?.()
    this.#parts.log.close()
    await this.#pools.close()
    await this.#parts.store.disown()
  }

  /** Somebody closes the store under it: what runs is released while that can be written. */
  async #onStoreClose(): Promise<void> {
    if (this.#stopped === undefined) {
      const problem = 'store: expected it to be open until the runtime has stopped, got a close'
      const error = new HelveError('HELVE_ERR_CLOSED', problem)
      const during = 'running, which ends with the store: call stop() before close()'
      this.#parts.events.emit('error', () => ({ error, during }))
    }
    await this.stop(0)
  }

  async #stop(timeout: number): Promise<Stopped> {
    const { store, coordinator, log } = this.#parts
    const before = coordinator.tally
    coordinator.pause()
    coordinator.endOnces()
    this.#stopping.abort()
    // Whoever started it has been told why that failed.
    const owned = await this.#started?.then(
      () => true,
      () => false,
    )
    await this.#drain(timeout)
    const { completed, released, running } = coordinator.tally
    coordinator.close()
    for (const reject of this.#onces) reject(closed())
    this.#unwatch?.()
    const ended = await this.#pools.close()
    log.close()
    // A job that nothing can stop may still be running: only the end of the process ends it.
    if (owned && ended) await store.disown()
    else if (owned) store.keep()
    return {
      completed: completed - before.completed,
      released: released - before.released,
      stuck: running,
    }
  }

  async #drain(timeout: number): Promise<void> {
    const { coordinator, registry } = this.#parts
    if (await within(timeout, coordinator.quiet())) return
    this.#pools.interrupt(this.#stopped !== undefined)
    await within(registry.longestGrace() + INTERRUPT_TIMEOUT, coordinator.ended())
  }
}

/** Resolves once the signal has aborted. */
function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
