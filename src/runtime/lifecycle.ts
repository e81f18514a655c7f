import { closed } from '../coordinator/coordinator.ts'
import { HelveError, read } from '../job/errors.ts'
import { within } from '../pool/within.ts'
import { own } from './wait-for-ownership.ts'
import type { Parts } from './parts.ts'
import { Services, type Service } from './services.ts'

/** Milliseconds that a stopping runtime waits for the jobs that still run. */
export const STOP_TIMEOUT = 20_000
/** Milliseconds that it then waits for interrupted runs, beyond the longest grace of a kind. */
const INTERRUPT_TIMEOUT = 10_000

/** What became of the runs that went on when a runtime was told to stop. */
export interface Stopped {
  /** Runs that ended in any other way: also failed, timed out, lost and cancelled ones. */
  completed: number
  /** Runs that were interrupted: their jobs are queued again, with no attempt spent. */
  released: number
  /** Runs that go on because nothing can stop them, or whose end could not be written. */
  stuck: number
}

/** The checked options of `run` and `start`. */
export interface Beginning {
  signal: AbortSignal | undefined
  /** Milliseconds to wait at most while another runtime owns the file. */
  wait: number
}

/** The outcome of jobs that were `running` when their process ended. */
const ORPHANED = { type: 'lost', reason: 'the process that ran it ended' } as const

/** Errors that end a start because of its own caller: another caller that waits starts anew. */
const STARTED_ANEW = ['HELVE_ERR_CLOSED', 'HELVE_ERR_OWNED']

/** The life of a runtime. The runtime owns the file from its first start on, and stops once. */
export class Lifecycle {
  readonly #parts: Parts
  readonly #services: Services
  #started: Promise<void> | undefined
  #stopped: Promise<Stopped> | undefined
  readonly #stopping = new AbortController()
  /** Ends the `run` that is going on. */
  #endRun: (() => void) | undefined
  /** Functions that reject the calls of `runOnce` whose jobs have not been settled. */
  readonly #onces = new Set<(error: HelveError) => void>()

  constructor(parts: Parts) {
    this.#parts = parts
    const { log, lanes, events } = parts
    this.#services = new Services([log, lanes, this.#watch()], (error, during) =>
      events.emit('error', () => ({ error, during })),
    )
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

  /** Looks again at the jobs of a kind whose policy or handler has changed. */
  regroup(kind: string): void {
    const { coordinator } = this.#parts
    if (this.#stopped) return
    void this.#started?.then(
      () => coordinator.regroup(kind),
      // The caller of `start` gets the error.
      () => undefined,
    )
    coordinator.wake()
  }

  /**
   * Owns the file and starts the lanes, at the first call; resolves once the threads are up.
   *
   * @param wait milliseconds to wait at most while another runtime owns the file
   * @param signal ends the start when it aborts
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
      // The start belonged to another caller, whose wait is over or whose signal has aborted.
      const isOfAnother = !isOwn && STARTED_ANEW.includes(read(error, 'code') as string)
      if (!isOfAnother || this.#stopped) throw error
      return this.start(wait, signal)
    }
  }

  async #own(wait: number, over: AbortSignal): Promise<void> {
    const { store, coordinator, registry, lanes, events } = this.#parts
    const orphans = await own(store, wait, over)
    const kinds = new Set<string>()
    try {
      coordinator.load(await store.breakers())
      await this.#services.start()
      await lanes.ready(over)
      registry.checkKinds()
      for (const kind of [...registry.kinds, ...Object.keys(await store.counts())]) kinds.add(kind)
    } catch (error) {
      await this.#services.stop()
      await store.leave()
      throw error
    }
    for (const job of orphans) coordinator.settled(job, ORPHANED)
    for (const narrow of lanes.narrow(kinds)) events.emit('lane:narrow', () => narrow)
  }

  /**
   * Wakes the coordinator soon after another process has written, and stops the runtime when the
   * store closes.
   */
  #watch(): Service {
    const { store, coordinator } = this.#parts
    let unwatch: (() => void) | undefined
    return {
      start: () => {
        unwatch = store.watch(
          () => coordinator.wake(),
          () => this.#onStoreClose(),
        )
      },
      stop: () => unwatch?.(),
    }
  }

  /**
   * Somebody closes the runtime's store: running jobs are released while the store can still write.
   */
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
    const { store, coordinator, lanes } = this.#parts
    const before = coordinator.tally
    coordinator.pause()
    coordinator.endOnces()
    this.#stopping.abort()
    // If the start failed, its caller has the error.
    const owned = await this.#started?.then(
      () => true,
      () => false,
    )
    await this.#drain(timeout)
    const { completed, released, running } = coordinator.tally
    coordinator.close()
    for (const reject of this.#onces) reject(closed())
    await this.#services.stop()
    // A job that nothing can stop may still be running: only the end of the process ends it.
    if (owned) await store.leave(lanes.hasEnded)
    return {
      completed: completed - before.completed,
      released: released - before.released,
      stuck: running,
    }
  }

  async #drain(timeout: number): Promise<void> {
    const { coordinator, registry, lanes } = this.#parts
    if (await within(timeout, coordinator.quiet())) return
    lanes.interrupt(this.#stopped !== undefined)
    await within(registry.longestGrace() + INTERRUPT_TIMEOUT, coordinator.ended())
  }
}
