import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { read } from '../job/errors.ts'
import { cut, toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import { SET_UP, type ThreadData } from '../thread/protocol.ts'

/** How threads are started. */
export interface ThreadStart {
  entry: string
  flags: string[]
  environment: Record<string, string>
  /** Heap limit in MiB; undefined leaves Node's own. */
  memory: number | undefined
  /** Milliseconds within which a thread has to be set up. */
  setupTimeout: number
}

/** What is told of a thread and its successors. */
export interface LifeListener {
  message(message: unknown): void
  /** It is set up. */
  up(): void
  down(id: number, reason: string): void
}

/** A thread from its start to its exit. */
interface Life {
  worker: Worker
  id: number
  /** `up` from when it is set up, `over` from when something has ended it. */
  state: 'starting' | 'up' | 'over'
  /** Why it ends, as soon as that is known. */
  reason: string | undefined
  /** Resolves once it is up, or has exited. */
  ready: Promise<unknown>
  /** Resolves once the thread has really stopped. */
  exited: Promise<void>
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

/** Bytes of what an error that ended a thread says: it is kept with every job of the thread. */
const MAX_REASON = 1_024
/** Milliseconds before another try when a thread died before it was set up; doubled each time. */
const RESTART_DELAY = 1_000
const MOST_RESTART_DELAY = 10_000

/**
 * One thread, and after its end another: a Piscina of exactly one. So it is always known which
 * jobs a thread runs, messages say which thread they come from, and nothing is ever queued inside
 * Piscina, where the crash of a thread could strand it. It takes tasks once it is set up: a module
 * that cannot be set up costs no job a run.
 */
export class SupervisedThread {
  readonly #start: ThreadStart
  readonly #data: ThreadData
  readonly #listener: LifeListener
  #piscina: Piscina
  /** Its end: Piscina waits for its threads only when it is destroyed for the first time. */
  #destroyed: Promise<void> | undefined
  #life: Life | undefined
  /** Why the thread before this one ended, if that was before it was set up. */
  #problem: string | undefined
  #restarts = 0
  #closed = false
  /** Whether no other thread is to follow a killed one. */
  isLast = false

  constructor(start: ThreadStart, data: ThreadData, listener: LifeListener) {
    this.#start = start
    this.#data = data
    this.#listener = listener
    this.#piscina = this.#create()
    this.#follow()
  }

  /** The thread's `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#life?.id ?? -1
  }

  /** Whether it is set up, and takes tasks. */
  get isUp(): boolean {
    return this.#life?.state === 'up' && !this.#closed
  }

  /** Why there is no thread; undefined while there is one, or the first is being set up. */
  get problem(): string | undefined {
    return this.isUp ? undefined : this.#problem
  }

  /** Resolves once there is a thread that is set up, or could not be. */
  async ready(): Promise<void> {
    await this.#life?.ready
  }

  /** @throws ThreadGone once the thread has stopped, if it does so before it has a result */
  async run(task: unknown): Promise<unknown> {
    const life = this.#life
    try {
      return await this.#piscina.run(task)
    } catch (error) {
      // Piscina may speak before the thread has stopped; until then nothing is free.
      await life?.exited
      throw new ThreadGone(life?.reason ?? String(read(error, 'message')), life?.killedFor)
    }
  }

  /** Ends the thread by force; undefined when it has been killed before. */
  kill(job: ClaimedJob): Promise<unknown> | undefined {
    const life = this.#life
    if (life === undefined || life.killedFor !== undefined) return undefined
    life.killedFor = job
    life.state = 'over'
    // Otherwise another thread would start at once, which takes the time that the last ones need.
    void (this.isLast ? this.#destroy() : life.worker.terminate())
    return life.exited
  }

  /** Resolves once the thread has exited. */
  close(): Promise<void> {
    this.#closed = true
    return this.#destroy()
  }

  #destroy(): Promise<void> {
    this.#destroyed ??= this.#piscina.destroy()
    return this.#destroyed
  }

  #create(): Piscina {
    const { entry, flags, environment, memory } = this.#start
    const piscina = new Piscina({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      // No job is ever queued in Piscina: each has a slot, in a thread that is up.
      concurrentTasksPerWorker: this.#data.flags.length,
      // The default would freeze the event loop of an idle thread, and with it every timer in it.
      atomics: 'disabled',
      recordTiming: false,
      execArgv: flags,
      env: environment,
      workerData: this.#data,
      ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }),
    })
    // An error outside of any task: without a listener it would end the process. The exit that
    // follows it is what counts.
    piscina.on('error', () => undefined)
    piscina.on('message', (message) => this.#listener.message(message))
    return piscina
  }

  /** Follows the thread that now is until it exits, and then its successor. */
  #follow(): void {
    const worker: Worker | undefined = this.#piscina.threads[0]
    if (worker === undefined) return this.#restartLater()
    // The id of a worker that has exited is −1.
    const life: Life = {
      ...{ worker, id: worker.threadId, state: 'starting', reason: undefined },
      ...{ exited: exitOf(worker), ready: Promise.resolve(), killedFor: undefined },
    }
    this.#life = life
    life.ready = Promise.race([this.#setUp(life), life.exited])
    worker.once('error', (error) => {
      const what = cut(toJobError(error).message, MAX_REASON)
      this.#over(life, `the thread ended with ${what}`)
    })
    // Piscina's own listener came first: the successor, if there will be one, is there.
    worker.once('exit', (code) => {
      this.#over(life, `the thread exited with code ${code}`)
      if (this.#closed) return
      this.#listener.down(life.id, life.reason!)
      if (!this.isLast) this.#follow()
    })
  }

  /** Notes why it ends; what is known first counts. */
  #over(life: Life, reason: string): void {
    life.reason ??= reason
    if (life.state === 'starting') this.#problem = life.reason
    life.state = 'over'
  }

  async #setUp(life: Life): Promise<void> {
    const { setupTimeout } = this.#start
    const timer = setTimeout(() => {
      this.#over(life, `the thread was not set up within ${setupTimeout} ms`)
      void life.worker.terminate()
    }, setupTimeout).unref()
    try {
      await this.#piscina.run(SET_UP)
    } catch {
      // That says why.
      return await life.exited
    } finally {
      clearTimeout(timer)
    }
    if (life.state !== 'starting' || this.#closed) return
    life.state = 'up'
    this.#problem = undefined
    this.#restarts = 0
    this.#listener.up()
  }

  /** Piscina gives up on threads that die while they start. */
  #restartLater(): void {
    const delay = Math.min(RESTART_DELAY * 2 ** this.#restarts, MOST_RESTART_DELAY)
    this.#restarts += 1
    setTimeout(() => {
      if (this.#closed) return
      void this.#destroy()
      this.#piscina = this.#create()
      this.#destroyed = undefined
      this.#follow()
    }, delay).unref()
  }
}

function exitOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.once('exit', () => resolve()))
}
