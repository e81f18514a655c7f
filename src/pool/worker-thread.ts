import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { read } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { CLOSE, Flag, type TaskOutcome, type ThreadData } from '../job/task.ts'
import { deadline } from './deadline.ts'
import type { Terms } from './pool.ts'

/** How the threads of a lane are started. */
export interface ThreadOptions {
  entry: string
  flags: string[]
  environment: Record<string, string>
  handlers: string
  config: unknown
  logLevel: number
  /** Jobs that one thread runs at once. */
  concurrency: number
  /** Heap limit in MiB; undefined leaves Node's own. */
  memory: number | undefined
}

/** What a thread tells its lane. */
export interface ThreadListener {
  settled(thread: WorkerThread, job: ClaimedJob, outcome: Outcome): void
  message(thread: WorkerThread, message: unknown): void
  up(thread: WorkerThread): void
  down(thread: WorkerThread, reason: string): void
  stuck(job: ClaimedJob, reason: string): void
}

interface ActiveRun {
  job: ClaimedJob
  slot: number
  terms: Terms
  /** Why the run was told to end; undefined while it may go on. */
  ending: 'timeout' | 'interrupt' | undefined
  /** Calls off the timer that runs for it. */
  disarm: () => void
}

/** A thread from its start to its exit. */
interface Life {
  worker: Worker
  /** Kept: a worker that has exited says −1. */
  id: number
  /** Resolves to why, once the thread has really stopped. */
  exited: Promise<string>
  /** The job for whose sake the thread was killed. */
  killedFor: ClaimedJob | undefined
}

/** After this many ms a thread that was killed and has not exited is reported. */
const STUCK_AFTER = 5_000
/** Milliseconds that the handlers' `close` may take. */
const CLOSE_TIMEOUT = 2_000
/** Milliseconds before another try when a thread died while it was starting. */
const RESTART_DELAY = 1_000

/**
 * One thread: a Piscina of exactly one. So it is always known which jobs a thread runs, messages
 * say which thread they come from, and nothing is ever queued inside Piscina, where the crash of a
 * thread could strand it.
 */
export class WorkerThread {
  readonly #options: ThreadOptions
  readonly #listener: ThreadListener
  readonly #flags: Int32Array
  readonly #starts: Float64Array
  readonly #runs: (ActiveRun | undefined)[]
  readonly #freeSlots: number[]
  #piscina: Piscina
  #life: Life | undefined
  #up = true
  #closing = false

  constructor(options: ThreadOptions, listener: ThreadListener) {
    const { concurrency } = options
    this.#options = options
    this.#listener = listener
    this.#runs = Array.from({ length: concurrency })
    this.#freeSlots = Array.from({ length: concurrency }, (_, slot) => concurrency - 1 - slot)
    this.#flags = new Int32Array(new SharedArrayBuffer(4 * (concurrency + 1)))
    this.#starts = new Float64Array(new SharedArrayBuffer(8 * concurrency))
    this.#piscina = this.#create()
    this.#follow()
  }

  /** Its `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#life?.id ?? -1
  }

  get running(): number {
    return this.#options.concurrency - this.#freeSlots.length
  }

  get free(): number {
    return this.#up && !this.#closing ? this.#freeSlots.length : 0
  }

  start(job: ClaimedJob, terms: Terms): void {
    const slot = this.#freeSlots.pop()
    if (slot === undefined) throw new Error(`job ${job.id}: the thread has no free slot`)
    this.#flags[slot] = Flag.none
    this.#starts[slot] = 0
    const run: ActiveRun = { job, slot, terms, ending: undefined, disarm: () => undefined }
    run.disarm = deadline(
      terms.timeout,
      () => this.#starts[slot] ?? 0,
      () => this.#end(run, 'timeout'),
    )
    this.#runs[slot] = run
    void this.#run(run)
  }

  /** The job that a message of its handler speaks of, if this thread really runs it. */
  find(id: unknown): ClaimedJob | undefined {
    return this.#runs.find((run) => run?.job.id === id)?.job
  }

  /** Ends what it runs: by the signal, and after each run's grace by killing the thread. */
  interrupt(): void {
    for (const run of this.#runs) if (run) this.#end(run, 'interrupt')
  }

  /** Lets the handlers close, and ends the thread. */
  async close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    if (this.#up) {
      const closed = this.#piscina.run(CLOSE).catch((error: unknown) => error)
      await withTimeout(closed, CLOSE_TIMEOUT)
    }
    await this.#piscina.destroy()
  }

  async #run(run: ActiveRun): Promise<void> {
    const { job, slot, terms } = run
    const { id, kind, payload, dedupeKey, attempt, createdAt } = job
    const life = this.#life
    const { maxAttempts } = terms
    const task = { slot, id, kind, payload, dedupeKey, attempt, maxAttempts, createdAt }
    let outcome: Outcome
    try {
      outcome = ended(run, (await this.#piscina.run(task)) as TaskOutcome)
    } catch (error) {
      // Piscina may speak before the thread has stopped; until then nothing is free.
      const reason = (await life?.exited) ?? String(read(error, 'message'))
      outcome = died(run, reason, life?.killedFor)
    }
    run.disarm()
    this.#runs[slot] = undefined
    this.#freeSlots.push(slot)
    this.#listener.settled(this, job, outcome)
  }

  #end(run: ActiveRun, why: 'timeout' | 'interrupt'): void {
    if (run.ending !== undefined) return
    run.ending = why
    run.disarm()
    Atomics.store(this.#flags, run.slot, Flag.abort)
    const bell = this.#options.concurrency
    Atomics.add(this.#flags, bell, 1)
    Atomics.notify(this.#flags, bell)
    const timer = setTimeout(() => this.#kill(run), run.terms.grace)
    run.disarm = () => clearTimeout(timer)
  }

  #kill(run: ActiveRun): void {
    const life = this.#life
    if (life === undefined || life.killedFor !== undefined) return
    life.killedFor = run.job
    this.#up = false
    const report = setTimeout(() => {
      this.#listener.stuck(run.job, `its thread was killed ${STUCK_AFTER} ms ago, and goes on`)
    }, STUCK_AFTER)
    void life.exited.then(() => clearTimeout(report))
    void life.worker.terminate()
  }

  #create(): Piscina {
    const { entry, flags, environment, concurrency, memory } = this.#options
    const { handlers, config, logLevel } = this.#options
    const data: ThreadData = {
      handlers,
      config,
      logLevel,
      flags: this.#flags,
      starts: this.#starts,
    }
    const piscina = new Piscina({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: concurrency,
      // The default would freeze the event loop of an idle thread, and with it every timer in it.
      atomics: 'disabled',
      recordTiming: false,
      execArgv: flags,
      env: environment,
      workerData: data,
      ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }),
    })
    // An error outside of any task: without a listener it would end the process. The exit that
    // follows it is what counts.
    piscina.on('error', () => undefined)
    piscina.on('message', (message) => this.#listener.message(this, message))
    piscina.on('workerCreate', () => {
      this.#up = true
      this.#listener.up(this)
    })
    return piscina
  }

  /** Follows the thread that now is until it exits, and then its successor. */
  #follow(): void {
    const worker: Worker | undefined = this.#piscina.threads[0]
    if (worker === undefined) return this.#restartLater()
    if (worker === this.#life?.worker) return
    let reason: string | undefined
    const exited = new Promise<string>((resolve) => {
      worker.once('exit', (code) => {
        reason ??= `the thread exited with code ${code}`
        resolve(reason)
        if (this.#closing) return
        this.#listener.down(this, reason)
        this.#succeed(worker)
      })
    })
    worker.once('error', (error) => {
      reason = `the thread ended with ${toJobError(error).message}`
      this.#succeed(worker)
    })
    this.#life = { worker, id: worker.threadId, exited, killedFor: undefined }
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
      if (this.#closing) return
      this.#piscina = this.#create()
      this.#follow()
    }, RESTART_DELAY).unref()
  }
}

/** An outcome that came although the run had been told to end: what is done is done. */
function ended(run: ActiveRun, outcome: TaskOutcome): Outcome {
  if (run.ending === undefined || outcome.type === 'completed') return outcome
  if (run.ending === 'interrupt') return { type: 'released', reason: 'the runtime stopped' }
  return { type: 'timedOut', timeout: run.terms.timeout }
}

/** What it means for a run that its thread is gone. */
function died(run: ActiveRun, reason: string, culprit: ClaimedJob | undefined): Outcome {
  if (run.ending === 'timeout') return { type: 'timedOut', timeout: run.terms.timeout }
  if (run.ending === 'interrupt') return { type: 'released', reason: 'the runtime stopped' }
  if (culprit === undefined) return { type: 'lost', reason }
  return { type: 'released', reason: `its thread was killed because of job ${culprit.id}` }
}

async function withTimeout(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([promise, over])
  clearTimeout(timer)
}
