import type { Trip } from '../job/breaker.ts'
import { badOption, checkNumber } from '../job/check.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { Children, type ChildOptions } from './children.ts'
import type { DeliveryRecord } from '../job/delivery.ts'
import { Effects } from './effects.ts'
import { EndpointHeldError, heldBy, type Held } from '../job/endpoint.ts'
import { HelveError } from '../job/errors.ts'
import type { AnyPayload } from '../job/json-type.ts'
import type { Handler, HandlerContext, Job, Logger } from './handler.ts'
import { MAX_DELAY, MAX_REASON_LENGTH } from '../job/limits.ts'
import { checkEndpoint } from '../job/names.ts'
import type { Publication } from '../job/publication.ts'
import { checkedJson } from '../job/payload.ts'
import { newJob, type EnqueueOptions } from '../job/submission.ts'
import { failed, type HandlerOutcome } from '../job/outcome.ts'
import { newPublication } from './new-publication.ts'
import type { Notices } from './notices.ts'
import { resultJson } from './result.ts'
import type { Task } from '../thread/protocol.ts'

// Kept here, because a handler may replace the globals, also for the runs after its own.
const { parse } = JSON
const { now } = Date

/** What a run needs of the thread that it runs in: a thread of a pool, or the main thread. */
export interface RunHost {
  /** Shared by the runs of the thread. */
  readonly notices: Notices
  isAborted(): boolean
  /** Resolves to what keeps the run out of an endpoint; undefined for a run that is in it now. */
  enter(endpoint: string): Promise<Held | undefined>
  /** Called when a handler first reads its logger. */
  logger(): Logger
  /** @param json undefined if the value is undefined */
  progress(json: string | undefined): void
  /** Calls `spawn`, which starts a process and reports it, as soon as the thread may start one. */
  spawning<T>(spawn: () => T): T
  /** The run has started a process, or (not `alive`) one of its processes has exited. */
  child(pid: number, alive: boolean): void
}

/**
 * One run of a handler, and the context that the handler gets. The functions of the context are
 * getters: a handler can destructure them, and a function that no handler reads is not made.
 */
export class Run implements HandlerContext {
  readonly #task: Task
  readonly #host: RunHost
  readonly #effects = new Effects()
  #controller: AbortController | undefined
  #logger: Logger | undefined
  #snooze: number | undefined
  #trip: Trip | undefined
  #children: Children | undefined
  #isOver = false

  constructor(task: Task, host: RunHost) {
    this.#task = task
    this.#host = host
  }

  /** Runs the handler. Never rejects: an error of the handler becomes an outcome. */
  async outcome(handler: Handler): Promise<HandlerOutcome> {
    try {
      const result = await handler(this.#job(), this)
      const { followUps, deliveries, publications } = this.#effects
      const effects = { followUps, deliveries, ...(publications && { publications }) }
      if (this.#snooze !== undefined) {
        return this.#withTrip({ type: 'snoozed', delay: this.#snooze, ...effects })
      }
      return this.#withTrip({ type: 'completed', result: this.#result(result), ...effects })
    } catch (thrown) {
      const held = heldBy(thrown)
      if (held !== undefined) {
        return { type: 'held', deliveries: this.#effects.deliveries, trip: held }
      }
      return this.#withTrip(failed(thrown, Date.now(), this.#effects.deliveries))
    } finally {
      this.#isOver = true
      this.#children?.end()
    }
  }

  #withTrip(outcome: HandlerOutcome): HandlerOutcome {
    return this.#trip === undefined ? outcome : { ...outcome, trip: this.#trip }
  }

  // Made only for a handler that reads the signal: a controller per job costs more than most jobs.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.aborted) this.abort()
    return this.#controller.signal
  }

  get aborted(): boolean {
    return this.#host.isAborted()
  }

  get logger(): Logger {
    this.#logger ??= this.#host.logger()
    return this.#logger
  }

  get progress() {
    return (value: unknown): void => {
      if (this.#isOver) return this.#late('progress')
      this.#host.progress(value === undefined ? undefined : checkedJson(value, 'progress'))
    }
  }

  get enqueue() {
    return (kind: string, payload?: unknown, options?: EnqueueOptions): void => {
      this.#checkOpen('enqueue')
      // The times of the new job count from the end of this run: the coordinator adds the moment.
      this.#effects.enqueue(newJob(kind, payload, options, { now: 0, wall: now() }))
    }
  }

  get snooze() {
    return (ms: number): void => {
      this.#checkOpen('snooze')
      this.#snooze = Math.ceil(checkNumber(ms, 'ms', 0, MAX_DELAY))
    }
  }

  get tripBreaker() {
    return (ms: number, reason: string): void => {
      this.#checkOpen('tripBreaker')
      const delay = Math.ceil(checkNumber(ms, 'ms', 0, MAX_DELAY))
      if (typeof reason !== 'string') throw badOption('reason', 'a string', reason)
      this.#trip = { delay, reason: reason.slice(0, MAX_REASON_LENGTH) }
    }
  }

  get enterEndpoint() {
    return async (endpoint: string): Promise<void> => {
      this.#checkOpen('enterEndpoint')
      const held = await this.#host.enter(checkEndpoint(endpoint))
      if (held !== undefined) throw new EndpointHeldError(held)
    }
  }

  get recordDelivery() {
    return (record: DeliveryRecord): void => {
      this.#checkOpen('recordDelivery')
      this.#effects.record(record)
    }
  }

  get publish() {
    return (event: string, publication: Publication): void => {
      this.#checkOpen('publish')
      this.#effects.publish(newPublication(event, publication))
    }
  }

  get spawn() {
    return (command: string, args: readonly string[] = [], options: ChildOptions = {}) =>
      this.#spawn(command, args, options)
  }

  /**
   * Aborts the signal of a handler that has read it. A handler that reads `aborted` needs no call.
   */
  abort(): void {
    this.#controller?.abort(new DOMException('the run is to end', 'AbortError'))
  }

  #spawn(command: string, args: readonly string[], options: ChildOptions) {
    this.#checkOpen('spawn')
    this.#children ??= new Children({
      started: (pid) => this.#host.child(pid, true),
      exited: (pid) => this.#host.child(pid, false),
      failed: (err) => this.logger.warn({ err }, 'a child process failed'),
    })
    const children = this.#children
    const child = this.#host.spawning(() => children.spawn(command, args, options))
    // The child has its streams unless the options say otherwise, as the type `Spawn` tells.
    return child as ChildProcessWithoutNullStreams
  }

  /** @throws HelveError `HELVE_ERR_CLOSED` when the run is over */
  #checkOpen(call: keyof HandlerContext): void {
    if (!this.#isOver) return
    this.#late(call)
    const { id, kind } = this.#task
    const came = `ctx.${call} of job ${id} of kind ${kind}, whose run is over`
    throw new HelveError('HELVE_ERR_CLOSED', `ctx: expected a run that goes on, got ${came}`)
  }

  /** Warns once for each kind: the handler has returned, but work that it has started goes on. */
  #late(call: keyof HandlerContext): void {
    if (!this.#host.notices.isNew(this.#task.kind, 'late')) return
    const message = `a handler goes on after the end of its run, and calls ctx.${call}: await it`
    this.logger.warn(message)
  }

  #result(result: unknown): string | undefined {
    const { json, problem } = resultJson(result)
    if (problem !== undefined && this.#host.notices.isNew(this.#task.kind, 'result')) {
      this.logger.warn({ problem }, 'the result of a handler is no JSON, and is dropped')
    }
    return json
  }

  #job(): Job {
    const { id, kind, payload, dedupeKey, attempt, maxAttempts, createdAt } = this.#task
    const parsed = parse(payload) as AnyPayload
    return { id, kind, payload: parsed, dedupeKey, attempt, maxAttempts, createdAt }
  }
}
