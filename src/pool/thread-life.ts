import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { read } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { ThreadData } from '../job/task.ts'

/** How threads are started. */
export interface ThreadStart {
  entry: string
  flags: string[]
  environment: Record<string, string>
  /** Heap limit in MiB; undefined leaves Node's own. */
  memory: number | undefined
}

/** What is told of a thread and its successors. */
export interface LifeListener {
  message(message: unknown): void
  up(id: number): void
  down(id: number, reason: string): void
}

/** A thread from its start to its exit. */
interface Life {
  worker: Worker
  id: number
  /** Resolves to why, once the thread has really stopped. */
  exited: Promise<string>
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

/** Milliseconds before another try when a thread died while it was starting. */
const RESTART_DELAY = 1_000

/**
 * One thread, and after its end another: a Piscina of exactly one. So it is always known which
 * jobs a thread runs, messages say which thread they come from, and nothing is ever queued inside
 * Piscina, where the crash of a thread could strand it.
 */
export class ThreadLife {
  readonly #start: ThreadStart
  readonly #data: ThreadData
  readonly #listener: LifeListener
  #piscina: Piscina
  #life: Life | undefined
  #up = true
  #closed = false

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

  /** Whether it takes tasks. */
  get isUp(): boolean {
    return this.#up && !this.#closed
  }

  /** @throws ThreadGone once the thread has stopped, if it does so before it has a result */
  async run(task: unknown): Promise<unknown> {
    const life = this.#life
    try {
      return await this.#piscina.run(task)
    } catch (error) {
      // Piscina may speak before the thread has stopped; until then nothing is free.
      const reason = (await life?.exited) ?? String(read(error, 'message'))
      throw new ThreadGone(reason, life?.killedFor)
    }
  }

  /** Ends the thread by force; undefined when it has been killed before. */
  kill(job: ClaimedJob): Promise<unknown> | undefined {
    const life = this.#life
    if (life === undefined || life.killedFor !== undefined) return undefined
    life.killedFor = job
    this.#up = false
    void life.worker.terminate()
    return life.exited
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#piscina.destroy()
  }

  #create(): Piscina {
    const { entry, flags, environment, memory } = this.#start
    const piscina = new Piscina({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      // No task is ever queued in Piscina: each has a slot at least.
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
    piscina.on('workerCreate', () => {
      this.#up = true
      this.#listener.up(this.id)
    })
    return piscina
  }

  /** Follows the thread that now is until it exits, and then its successor. */
  #follow(): void {
    const worker: Worker | undefined = this.#piscina.threads[0]
    if (worker === undefined) return this.#restartLater()
    if (worker === this.#life?.worker) return
    // Kept: a worker that has exited says −1.
    const id = worker.threadId
    let reason: string | undefined
    const exited = new Promise<string>((resolve) => {
      worker.once('exit', (code) => {
        reason ??= `the thread exited with code ${code}`
        resolve(reason)
        if (this.#closed) return
        this.#listener.down(id, reason)
        this.#succeed(worker)
      })
    })
    worker.once('error', (error) => {
      reason = `the thread ended with ${toJobError(error).message}`
      this.#succeed(worker)
    })
    this.#life = { worker, id, exited, killedFor: undefined }
  }

  /** Piscina's own listener came first: the successor, if there will be one, is there. */
  #succeed(worker: Worker): void {
    if (worker !== this.#life?.worker) return
    this.#up = false
    this.#follow()
  }

  /** Piscina gives up on threads that die while they start. */
  #restartLater(): void {
    setTimeout(() => {
      if (this.#closed) return
      this.#piscina = this.#create()
      this.#follow()
    }, RESTART_DELAY).unref()
  }
}
