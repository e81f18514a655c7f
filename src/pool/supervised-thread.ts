import type { HeapInfo } from 'node:v8'
import { read } from '../job/errors.ts'
import { cut, toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import { SET_UP, type ThreadData } from '../thread/protocol.ts'
import { after, type Timer } from '../timer.ts'
import { PiscinaThread, type ThreadStart } from './piscina-thread.ts'

/** What is told of a thread and its successors. */
export interface SupervisionListener {
  message(message: unknown): void
  /** It is set up, and its handlers module has these kinds. */
  up(kinds: readonly string[] | undefined): void
  down(id: number, reason: string): void
}

/** A thread from its start to its exit. */
interface Life {
  thread: PiscinaThread
  /** `up` from when it is set up, `over` from when something has ended it. */
  state: 'starting' | 'up' | 'over'
  /** Why it ends, as soon as that is known. */
  reason: string | undefined
  /** Resolves once it is up, or has exited. */
  ready: Promise<unknown>
  /** The job for whose sake the thread was killed. */
  killedFor: ClaimedJob | undefined
}

/** Why a task has no result: the thread that had it has stopped. */
export class ThreadGone extends Error {
  readonly killedFor: ClaimedJob | undefined

  constructor(reason: string, killedFor: ClaimedJob | undefined) {
    super(reason)
    this.killedFor = killedFor
  }
}

/** The thread went on, but nobody could hear it: it had to be ended. */
export class ThreadSilent extends ThreadGone {}

/** Bytes of what an error that ended a thread says: it is kept with every job of the thread. */
const MAX_REASON = 1_024
/**
 * Milliseconds before another try when two threads in a row were not set up; doubled each time. The
 * first one is followed by another at once.
 */
const RESTART_DELAY = 1_000
const MOST_RESTART_DELAY = 10_000

/**
 * One thread, and after its end another. It takes tasks once it is set up: a module that cannot be
 * set up costs no job a run.
 */
export class SupervisedThread {
  readonly #start: ThreadStart
  readonly #data: ThreadData
  readonly #listener: SupervisionListener
  #life: Life | undefined
  /** Why the thread before this one ended, if that was before it was set up. */
  #problem: string | undefined
  #cause: unknown
  /** Threads in a row that were not set up. */
  #failures = 0
  #restart: Timer | undefined
  #closed = false
  /** Whether no other thread is to follow a killed one. */
  isLast = false

  constructor(start: ThreadStart, data: ThreadData, listener: SupervisionListener) {
    this.#start = start
    this.#data = data
    this.#listener = listener
    this.#begin()
  }

  /** The thread's `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#life?.thread.id ?? -1
  }

  /** Whether it is set up, and takes tasks. */
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

  /** Resolves once there is a thread that is set up, or could not be. */
  async ready(): Promise<void> {
    await this.#life?.ready
  }

  /** @throws ThreadGone once the thread has stopped, if it does so before it has a result */
  async run(task: unknown): Promise<unknown> {
    const life = this.#life
    try {
      return await life!.thread.run(task)
    } catch (error) {
      // Piscina may speak before the thread has stopped; until then nothing is free.
      await life?.thread.exited
      throw new ThreadGone(life?.reason ?? String(read(error, 'message')), life?.killedFor)
    }
  }

  /** Ends the thread by force for a job's sake; undefined when it has been killed before. */
  kill(job: ClaimedJob): Promise<unknown> | undefined {
    const life = this.#life
    if (life === undefined || life.killedFor !== undefined) return undefined
    life.killedFor = job
    life.state = 'over'
    return life.thread.end()
  }

  /** What the heap of the thread is like, if that is known. */
  async heap(): Promise<HeapInfo | undefined> {
    return this.isUp ? this.#life?.thread.heap() : undefined
  }

  /** Ends a thread that is of no more use. Resolves once it has exited. */
  async end(reason: string): Promise<void> {
    const life = this.#life!
    this.#over(life, reason)
    await life.thread.end()
  }

  /** Resolves once the thread has exited. */
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

  /** The system may have no thread left for it, or the flags may be wrong. */
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

  /** Notes why it ends; what is known first counts. */
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
      // That says why.
      return await life.thread.exited
    } finally {
      timer.cancel()
    }
    if (life.state !== 'starting' || this.#closed) return
    life.state = 'up'
    this.#problem = undefined
    this.#failures = 0
    // An entry of the host's own may answer anything.
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
