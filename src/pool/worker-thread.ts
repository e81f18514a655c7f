import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { read } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { CLOSE, COMPLETED, type Batch, type Report, type ThreadData } from '../job/task.ts'
import type { Terms } from './pool.ts'
import { ThreadRun } from './thread-run.ts'
import { Watchdog } from './watchdog.ts'

/** How the threads of a lane are started. */
export interface ThreadOptions {
  entry: string
  flags: string[]
  environment: Record<string, string>
  handlers: string
  config: unknown
  logLevel: number
  /** Hand-offs that one thread takes at once. */
  concurrency: number
  /** Milliseconds that the module's setup may take. */
  setupTimeout: number
  /** Heap limit in MiB; undefined leaves Node's own. */
  memory: number | undefined
}

/** A job on its way to a thread. */
export interface HandOff {
  job: ClaimedJob
  terms: Terms
  /** Threads that died before they started it. */
  deaths: number
}

/** What a thread tells its lane. */
export interface ThreadListener {
  /** `took` is undefined when the thread did not get to say. */
  settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void
  /** These were handed to it, and it never started them. */
  returned(jobs: HandOff[]): void
  /** It could take a hand-off that it could not take before. */
  freed(thread: WorkerThread): void
  message(thread: WorkerThread, message: unknown): void
  up(thread: WorkerThread): void
  down(thread: number, reason: string): void
  stuck(job: ClaimedJob, reason: string): void
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

/** After this many ms a thread that was killed and has not exited is reported. */
const STUCK_AFTER = 5_000
/** Milliseconds that the handlers' `close` may take. */
const CLOSE_TIMEOUT = 2_000
/** A job for which so many threads have died before they started it is lost. */
const MOST_DEATHS = 2
/** Turns of the event loop in which messages that were sent before a result arrive. */
const MOST_LOOPS = 10
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
  /** By slot. */
  readonly #runs: (ThreadRun | undefined)[]
  readonly #freeSlots: number[]
  /** By slot: reports that are settled together with their batch's result. */
  readonly #last = new Map<number, Report>()
  readonly #watchdog = new Watchdog<ThreadRun>((run) => this.#end(run, 'timeout'))
  #batches = 0
  #since = 0
  #piscina: Piscina
  #life: Life | undefined
  #up = true
  #closed: Promise<void> | undefined

  /** @param slots jobs that the hand-offs which it takes at once may hold together */
  constructor(options: ThreadOptions, slots: number, listener: ThreadListener) {
    this.#options = options
    this.#listener = listener
    this.#runs = Array.from({ length: slots })
    this.#freeSlots = Array.from({ length: slots }, (_, slot) => slots - 1 - slot)
    this.#flags = new Int32Array(new SharedArrayBuffer(4 * (slots + 1)))
    this.#starts = new Float64Array(new SharedArrayBuffer(8 * slots))
    this.#piscina = this.#create()
    this.#follow()
  }

  /** Its `threadId`, or that of the last one while there is none. */
  get id(): number {
    return this.#life?.id ?? -1
  }

  /** Hand-offs that it has. */
  get batches(): number {
    return this.#batches
  }

  /** Hand-offs that it could take. */
  get free(): number {
    return this.#up && !this.#closed ? this.#options.concurrency - this.#batches : 0
  }

  /** Whether it has jobs that it has not started. */
  get hasWaiting(): boolean {
    return this.#runs.some((run) => run?.isOver === false && run.startedAt() === 0)
  }

  /** Whether it has been at its newest hand-off for longer than `ms`, and at work in it. */
  isHeldUp(ms: number): boolean {
    if (this.#batches === 0 || performance.now() - this.#since < ms) return false
    return this.#runs.some((run) => run?.isOver === false && run.startedAt() > 0)
  }

  /** Hands jobs over, which it runs one after the other. */
  start(handOffs: HandOff[]): void {
    const runs = handOffs.map(({ job, terms, deaths }) => {
      const slot = this.#freeSlots.pop()
      if (slot === undefined) throw new Error(`job ${job.id}: the thread has no free slot`)
      const run = new ThreadRun(
        ...([job, terms, deaths, slot, this.#flags, this.#starts] as const),
        this.#options.setupTimeout,
      )
      this.#runs[slot] = run
      this.#watchdog.watch(run)
      return run
    })
    this.#batches += 1
    this.#since = performance.now()
    void this.#run(runs)
  }

  /** Takes back the jobs that it has not started. */
  revoke(): HandOff[] {
    const taken: HandOff[] = []
    for (const run of this.#runs) {
      if (run === undefined || run.isOver || !run.revoke()) continue
      this.#watchdog.unwatch(run)
      taken.push(run)
    }
    return taken
  }

  /** The job that a message of its handler speaks of, if this thread really runs it. */
  find(id: unknown): ClaimedJob | undefined {
    return this.#runs.find((run) => run?.isOver === false && run.job.id === id)?.job
  }

  /** Settles those of its runs that these are about; others are forged, or late. */
  report(reports: Report[], last = false): void {
    const own = reports.filter(({ slot, token }) => this.#runs[slot]?.job.token === token)
    if (last) for (const report of own) this.#last.set(report.slot, report)
    else this.#settleAll(own)
  }

  #settleAll(reports: Report[]): void {
    for (const { slot, token, outcome, took } of reports) {
      const run = this.#runs[slot]
      if (run === undefined || run.isOver || run.job.token !== token) continue
      this.#settle(run, run.ended(outcome ?? COMPLETED), took)
    }
  }

  /** Ends what it runs: by the signal, and after each run's grace by killing the thread. */
  interrupt(): void {
    for (const run of this.#runs) if (run && !run.isOver) this.#end(run, 'interrupt')
  }

  /** Lets the handlers close, and ends the thread. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#watchdog.close()
    if (this.#up) {
      const closed = this.#piscina.run(CLOSE).catch((error: unknown) => error)
      await withTimeout(closed, CLOSE_TIMEOUT)
    }
    await this.#piscina.destroy()
  }

  async #run(runs: ThreadRun[]): Promise<void> {
    const life = this.#life
    const batch: Batch = runs.map((run) => run.task())
    let reason = 'the thread gave no outcome'
    try {
      this.#settleAll((await this.#piscina.run(batch)) as Report[])
      this.#settleAll(await this.#lastReports(runs))
    } catch (error) {
      // Piscina may speak before the thread has stopped; until then nothing is free.
      reason = (await life?.exited) ?? String(read(error, 'message'))
    }
    const returned: HandOff[] = []
    for (const run of runs) {
      this.#runs[run.slot] = undefined
      this.#freeSlots.push(run.slot)
      if (run.isOver) continue
      if (run.deaths < MOST_DEATHS && run.revoke()) returned.push(run.returned())
      else this.#settle(run, run.died(reason, life?.killedFor), undefined)
    }
    this.#batches -= 1
    if (returned.length > 0) this.#listener.returned(returned)
    this.#listener.freed(this)
  }

  /** Those that came as a message: on another way than the result, and maybe a little behind it. */
  async #lastReports(runs: ThreadRun[]): Promise<Report[]> {
    const missing = runs.filter((run) => !run.isOver)
    for (let loop = 0; loop < MOST_LOOPS; loop++) {
      if (missing.every(({ slot }) => this.#last.has(slot))) break
      await new Promise(setImmediate)
    }
    return missing.flatMap(({ slot }) => {
      const report = this.#last.get(slot)
      this.#last.delete(slot)
      return report ?? []
    })
  }

  #settle(run: ThreadRun, outcome: Outcome, took: number | undefined): void {
    run.isOver = true
    this.#watchdog.unwatch(run)
    this.#listener.settled(run.job, outcome, took)
  }

  #end(run: ThreadRun, why: 'timeout' | 'interrupt'): void {
    if (!run.end(why)) return
    const bell = this.#flags.length - 1
    Atomics.add(this.#flags, bell, 1)
    Atomics.notify(this.#flags, bell)
    setTimeout(() => {
      if (!run.isOver) this.#kill(run)
    }, run.terms.grace).unref()
  }

  #kill(run: ThreadRun): void {
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
      this.#listener.freed(this)
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

async function withTimeout(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([promise, over])
  clearTimeout(timer)
}
