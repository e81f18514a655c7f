import { checkNumber } from '../job/check.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { Children, type ChildOptions } from './children.ts'
import type { DeliveryRecord } from '../job/delivery.ts'
import { Effects } from './effects.ts'
import { HelveError } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { Handler, HandlerContext, Job, Logger } from './handler.ts'
import { MAX_DELAY, MAX_RESULT_BYTES } from '../job/limits.ts'
import { checkedJson, checkSize } from '../job/payload.ts'
import { newJob, type EnqueueOptions } from '../job/submission.ts'
import { failed, type TaskOutcome } from '../job/outcome.ts'
import type { Task } from '../thread/protocol.ts'

// A handler may replace them; the runs after it go on with these.
const { parse, stringify } = JSON
const { now } = Date

/** What surrounds a run: a thread, or the main thread. */
export interface RunHost {
  isAborted(): boolean
  /** Called for a handler that logs. */
  logger(): Logger
  /** @param json undefined for a value that is */
  progress(json: string | undefined): void
  /** Calls what starts a process, and tells of it, when that may be done. */
  spawning<T>(spawn: () => T): T
  /** The run has started a process, or one of those has exited. */
  child(pid: number, alive: boolean): void
}

/** One run of a handler, and the context that it is given. */
export class Run implements HandlerContext {
  readonly #task: Task
  readonly #host: RunHost
  readonly #effects = new Effects()
  #controller: AbortController | undefined
  #snooze: number | undefined
  #children: Children | undefined
  #isOver = false

  constructor(task: Task, host: RunHost) {
    this.#task = task
    this.#host = host
  }

  /** Never rejects: whatever the handler does is an outcome. */
  async outcome(handler: Handler): Promise<TaskOutcome> {
    try {
      const result = await handler(this.#job(), this)
      const { followUps, deliveries } = this.#effects
      const effects = { followUps, deliveries }
      if (this.#snooze !== undefined) return { type: 'snoozed', delay: this.#snooze, ...effects }
      return { type: 'completed', result: resultJson(this.#task.kind, result), ...effects }
    } catch (thrown) {
      return failed(thrown, this.#effects.deliveries)
    } finally {
      this.#isOver = true
      this.#children?.end()
    }
  }

  // Made only for the handler that asks for it: a controller per job costs more than most jobs.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.aborted) this.abort()
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#host.isAborted()
  }

  get logger(): Logger {
    return this.#host.logger()
  }

  progress(value: unknown): void {
    this.#host.progress(value === undefined ? undefined : checkedJson(value, 'progress'))
  }

  enqueue(kind: string, payload?: unknown, options?: EnqueueOptions): void {
    this.#effects.enqueue(newJob(kind, payload, options, now()))
  }

  snooze(ms: number): void {
    this.#snooze = Math.ceil(checkNumber(ms, 'ms', 0, MAX_DELAY))
  }

  recordDelivery(record: DeliveryRecord): void {
    this.#effects.record(record)
  }

  spawn(command: string, args: readonly string[] = [], options: ChildOptions = {}) {
    if (this.#isOver) throw new Error(`job ${this.#task.id} spawns ${command}: its run is over`)
    this.#children ??= new Children({
      started: (pid) => this.#host.child(pid, true),
      exited: (pid) => this.#host.child(pid, false),
      failed: (err) => this.logger.warn({ err }, 'a child process failed'),
    })
    const children = this.#children
    const child = this.#host.spawning(() => children.spawn(command, args, options))
    // Its streams are there unless the options say otherwise, as the type of the context tells.
    return child as ChildProcessWithoutNullStreams
  }

  /** Tells a handler that listens to its signal; one that reads `aborted` has seen it already. */
  abort(): void {
    this.#controller?.abort(new DOMException('the run is to end', 'AbortError'))
  }

  #job(): Job {
    const { id, kind, payload, dedupeKey, attempt, maxAttempts, createdAt } = this.#task
    const parsed = parse(payload) as unknown
    return { id, kind, payload: parsed, dedupeKey, attempt, maxAttempts, createdAt }
  }
}

function resultJson(kind: string, result: unknown): string | undefined {
  if (result === undefined) return undefined
  let json: string | undefined
  try {
    json = stringify(result)
  } catch (cause) {
    throw badResult(kind, `got ${toJobError(cause).message}`, cause)
  }
  if (json === undefined) throw badResult(kind, `got a ${typeof result}`)
  checkSize(json, `result of kind ${kind}`, MAX_RESULT_BYTES)
  return json
}

function badResult(kind: string, problem: string, cause?: unknown): HelveError {
  return new HelveError('HELVE_ERR_PAYLOAD', `result of kind ${kind}: expected JSON ${problem}`, {
    cause,
  })
}
