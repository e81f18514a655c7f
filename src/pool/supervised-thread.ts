import type { HeapInfo } from 'node:v8'
import { read } from '../job/errors.ts'
import { cut, toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import { SET_UP, type ThreadData } from '../thread/protocol.ts'
import { after, type Timer } from '../timer.ts'
import { PiscinaThread, type ThreadStart } from './piscina-thread.ts'

/** What a supervised thread tells of its thread and of the thread's successors. */
export interface SupervisionListener {
  message(message: unknown): void
  /** The thread is set up, and its handlers module has these kinds. */
  up(kinds: readonly string[] | undefined): void
  down(id: number, reason: string): void
}

/** A thread from its start to its exit. */
interface Life {
  thread: PiscinaThread
  /** `up` once the thread is set up, `over` once something has ended it. */
  state: 'starting' | 'up' | 'over'
  /** Why the thread ends, as soon as the reason is known. */
  reason: string | undefined
  /** Resolves once the thread is up, or has exited. */
  ready: Promise<unknown>
  /** The job for whose sake the thread was killed. */
  killedFor: ClaimedJob | undefined
}

/** A task has no result, because the thread that had the task has stopped. */
export class ThreadGone extends Error {
  readonly killedFor: ClaimedJob | undefined

  constructor(reason: string, killedFor: ClaimedJob | undefined) {
    super(reason)
    this.killedFor = killedFor
  }
}

/** The thread went on without reporting a run, so helve had to end the thread. */
export class ThreadSilent extends ThreadGone {}

/** Most bytes of the message of an error that ended a thread: every job of the thread keeps it. */
const MAX_REASON = 1_024
/**
 * Milliseconds before another try when two threads in a row were not set up; doubled each time.
 * After the first such thread, the next try comes at once.
 */
const RESTART_DELAY = 1_000
const MOST_RESTART_DELAY = 10_000

/**
 * One thread, and after its end another. A thread takes tasks only once it is set up, so a module
 * that cannot be set up costs no job a run.
 */
export class SupervisedThread {
  readonly #start: ThreadStart
  readonly #data: ThreadData
  readonly #listener: SupervisionListener
  #life: Life | undefined
  /** Why the latest thread ended, if it ended before it was set up. */
  #problem: string | undefined
  #cause: unknown
  /** Threads in a row that were not set up. */
  #failures = 0
  #restart: Timer | undefined
  #closed = false
  /** Whether no other thread is to follow one that has exited. */
  isLast = false

  constructor(start: ThreadStart, data: ThreadData, listener: SupervisionListener) {
    this.#start = start
    this.#data = data
    this.#listener = listener
    this.#begin()
  }

  /** The thread's `threadId`; while there is no thread, that of the last thread. */
  get id(): number {
    return this.#life?.thread.id ?? -1
  }

  /** Whether the thread is set up, and takes tasks. */
  get isUp(): boolean {
    return this.#life?.state === 'up' && !this.#closed
  }

  /** Why there is no thread; undefined while there is one, or the first is being set up. */
  get problem(): string | undefined {
    return this.isUp ? undefined : this.#problem
  }

  /** The error behind {@link problem}, if one is known. */
  get cause(): unknown {
    return this.problem === undefined ? undefined : this.#cause
  }

  /** Resolves once a thread is set up, or could not be set up. */
  async ready(): Promise<void> {
    await this.#life?.ready
  }

  /** @throws ThreadGone if the thread stops before it has a result; only once it has stopped */
  async run(task: unknown): Promise<unknown> {
    const life = this.#life
    try {
      return await life!.thread.run(task)
    } catch (error) {
      // Piscina may reject before the thread has stopped; until then no slot and no key is free.
      await life?.thread.exited
      throw new ThreadGone(life?.reason ?? String(read(error, 'message')), life?.killedFor)
    }
  }

  /** Ends the thread by force because of a job; undefined if the thread was killed before. */
  kill(job: ClaimedJob): Promise<unknown> | undefined {
    const life = this.#life
    if (life === undefined || life.killedFor !== undefined) return undefined
    life.killedFor = job
    life.state = 'over'
    return life.thread.end()
  }

  /** Measures the heap of the thread; undefined if the heap is not known. */
  async heap(): Promise<HeapInfo | undefined> {
    return this.isUp ? this.#life?.thread.heap() : undefined
  }

  /** Ends a thread that is of no more use. Resolves once the thread has exited. */
  async end(reason: string): Promise<void> {
    const life = this.#life!
    this.#over(life, reason)
    await life.thread.end()
  }

  /** Ends the thread for good. Resolves once the thread has exited. */
  async close(): Promise<void> {
    this.#closed = true
    this.#restart?.cancel()
    await this.#life?.thread.end()
  }

  #begin(): void {
    let thread: PiscinaThread
    try {
      thread = new PiscinaThread(this.#start, this.#data, SET_UP, (message) =>
        this.#listener.message(message),
      )
    } catch (error) {
      this.#notStarted(error)
      return
    }
    const life: Life = {
      ...{ thread, state: 'starting', reason: undefined, killedFor: undefined },
      ready: Promise.resolve(),
    }
    this.#life = life
    life.ready = Promise.race([this.#setUp(life), thread.exited])
    thread.worker.once('error', (error) => {
      this.#over(life, `the thread ended with ${reasonOf(error)}`, error)
    })
    thread.worker.once('exit', (code) => this.#onExit(life, code))
  }

  /** No thread could be started: the system may have none left, or the flags may be wrong. */
  #notStarted(error: unknown): void {
    const reason = `the thread could not be started: ${reasonOf(error)}`
    this.#problem = reason
    this.#cause = error
    const id = this.id
    this.#life = undefined
    queueMicrotask(() => this.#listener.down(id, reason))
    this.#beginAgain()
  }

  #onExit(life: Life, code: number): void {
    this.#over(life, `the thread exited with code ${code}`)
    if (this.#closed) return
    this.#listener.down(life.thread.id, life.reason!)
    if (!this.isLast) this.#beginAgain()
  }

  /** Notes why the thread ends. The first reason counts. */
  #over(life: Life, reason: string, cause?: unknown): void {
    life.reason ??= reason
    if (life.state === 'starting') {
      this.#problem = life.reason
      this.#cause = cause
    }
    life.state = 'over'
  }

  async #setUp(life: Life): Promise<void> {
    const { setupTimeout } = this.#start
    const timer = after(setupTimeout, () => {
      this.#over(life, `the thread was not set up within ${setupTimeout} ms`)
      void life.thread.end()
    }).unref()
    let kinds: unknown
    try {
      kinds = await life.thread.started
    } catch {
      // The exit says why.
      return await life.thread.exited
    } finally {
      timer.cancel()
    }
    if (life.state !== 'starting' || this.#closed) return
    life.state = 'up'
    this.#problem = undefined
    this.#failures = 0
    // An entry of the host's own may answer with anything.
    this.#listener.up(Array.isArray(kinds) ? kinds.map(String) : undefined)
  }

  #beginAgain(): void {
    if (this.#problem !== undefined) this.#failures += 1
    if (this.#failures < 2) return this.#begin()
    const delay = Math.min(RESTART_DELAY * 2 ** (this.#failures - 2), MOST_RESTART_DELAY)
    this.#restart = after(delay, () => this.#begin()).unref()
  }
}

function reasonOf(error: unknown): string {
  return cut(toJobError(error).message, MAX_REASON)
}
