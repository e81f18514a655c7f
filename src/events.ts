import { checkFunction } from './job/check.ts'
import { HelveError, read } from './job/errors.ts'
import type { ClaimedJob, EnqueueResult, JobError, NewJob } from './job/job.ts'
import { misspelt } from './job/nearest.ts'
import type { PauseTarget } from './job/pause.ts'

/** A payload in an event. */
interface WithPayload {
  /**
   * Parsed each time that it is read. No field of the event's own: whoever logs an event does not
   * log what may be secret.
   */
  readonly payload: unknown
}

/** Names a job in an event. */
export interface JobRef extends WithPayload {
  id: number
  kind: string
  dedupeKey: string | null
  /** Counts the run that the event speaks of. */
  attempt: number
}

/** A submission that was accepted; `deduped` when it was folded into the job `id`. */
export interface EnqueuedEvent extends WithPayload {
  id: number
  kind: string
  dedupeKey: string | null
  deduped: boolean
}

class Payload implements WithPayload {
  readonly #json: string

  constructor(json: string) {
    this.#json = json
  }

  get payload(): unknown {
    return JSON.parse(this.#json)
  }
}

/** A class, since a getter of each object's own takes twenty times as long. */
export class NamedJob extends Payload implements JobRef {
  readonly id: number
  readonly kind: string
  readonly dedupeKey: string | null
  readonly attempt: number

  constructor({ id, kind, dedupeKey, attempt, payload }: ClaimedJob) {
    super(payload)
    this.id = id
    this.kind = kind
    this.dedupeKey = dedupeKey
    this.attempt = attempt
  }
}

export class AcceptedSubmission extends Payload implements EnqueuedEvent {
  readonly id: number
  readonly kind: string
  readonly dedupeKey: string | null
  readonly deduped: boolean

  constructor({ kind, dedupeKey, payload }: NewJob, { id, deduped }: EnqueueResult) {
    super(payload)
    this.id = id
    this.kind = kind
    this.dedupeKey = dedupeKey
    this.deduped = deduped
  }
}

interface Ended {
  job: JobRef
  durationMs: number
  queuedMs: number
}

/**
 * What a runtime tells. Each is emitted after the commit that made it true.
 *
 * `durationMs` is how long the run took (where nobody could measure that, the time since its claim),
 * `queuedMs` for how long the job had been due when it
 * started.
 */
export interface RuntimeEvents {
  /** Accepted by this runtime, but for `enqueueIn`. */
  enqueued: EnqueuedEvent
  /** Handed to its lane. */
  started: { job: JobRef; queuedMs: number }
  /** `rerun`: a submission was folded in while it ran, so the job is queued once more. */
  completed: Ended & { result: unknown; rerun: boolean }
  /** A run failed; the next one starts at `runAt` (epoch ms) or later. */
  retrying: Ended & { error: JobError; runAt: number }
  /** Out of attempts or of crashes, failed for good, snoozed beyond its `maxAge`, or without a handler. */
  dead: Ended & { error: JobError }
  /** Its thread or process died under it: queued again, the attempt refunded. */
  lost: { job: JobRef; reason: string; crashes: number }
  /** Interrupted through no doing of its own: queued again, the attempt refunded. */
  released: { job: JobRef; reason: string }
  /** It asked for a later run: queued again, the attempt refunded, not before `runAt` (epoch ms). */
  snoozed: { job: JobRef; runAt: number }
  /** `runtime.cancel` has ended it: it is dead. */
  cancelled: { job: JobRef }
  /** No more is claimed of the target. */
  paused: { target: PauseTarget; by: string | null }
  resumed: { target: PauseTarget }
  /** Several kinds share a lane that has one slot: a slow job of one holds up all the others. */
  'lane:narrow': { lane: string; kinds: string[] }
  /**
   * Nothing runs, and no job is due, also none that is paused; told once for each time that the
   * queue becomes so while the runtime claims, and if that is so when it begins.
   */
  drained: { at: number }
  /**
   * For some seconds this runtime has accepted jobs, though it was never started, and nobody owns
   * the file: nothing runs them. Told once.
   */
  unowned: { since: number }
  /** What the handler gave to `ctx.progress`. */
  progress: { job: JobRef; value: unknown }
  /** A run does not end although it was told to, and cannot be forced: slot and key stay taken. */
  stuck: { job: JobRef; reason: string }
  /** The end of a run came late or twice: the claim was not its own any more, and it is dropped. */
  stale: { job: JobRef }
  'thread:up': { lane: string; thread: number }
  'thread:down': { lane: string; thread: number; reason: string }
  /**
   * A thread that runs several jobs at once does not get on, since the code of `job` holds its
   * event loop (undefined: the code of no job that runs). It gets no new jobs, and another one
   * takes its place; while it has jobs, `thread:resumed` or `thread:down` follows.
   */
  'thread:stalled': { lane: string; thread: number; job: JobRef | undefined; heldMs: number }
  /** A stalled thread goes on: its event loop had been held for `heldMs`. */
  'thread:resumed': { lane: string; thread: number; heldMs: number }
  /** Something in helve or its store failed; the work goes on as `during` says. */
  error: { error: unknown; during: string }
}

const NAMES: Record<keyof RuntimeEvents, true> = {
  ...{ enqueued: true, started: true, completed: true, retrying: true, dead: true, lost: true },
  ...{ released: true, snoozed: true, cancelled: true, paused: true, resumed: true },
  ...{ 'lane:narrow': true, progress: true, stuck: true, stale: true, error: true },
  ...{ drained: true, unowned: true },
  ...{ 'thread:up': true, 'thread:down': true, 'thread:stalled': true, 'thread:resumed': true },
}

/** The names of all events. */
export const EVENT_NAMES = Object.keys(NAMES) as (keyof RuntimeEvents)[]

export type Listener<E extends keyof RuntimeEvents> = (data: RuntimeEvents[E]) => unknown

/**
 * The events of a runtime. A listener that throws or rejects is reported, and disturbs nobody else.
 * Not an EventEmitter: there, an `error` without a listener throws, and most jobs are heard by
 * nobody.
 */
export class Events {
  readonly #listeners = new Map<keyof RuntimeEvents, Listener<never>[]>()
  /** What is called in place of a listener that is to be called once, and that listener. */
  readonly #onces = new WeakMap<Listener<never>, Listener<never>>()

  /** @throws HelveError `HELVE_ERR_OPTION` for an event that there is not */
  on<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): void {
    checkEvent(event)
    checkFunction(listener, 'listener')
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  once<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): void {
    checkFunction(listener, 'listener')
    const called: Listener<E> = (data) => {
      this.off(event, called)
      return listener(data)
    }
    this.#onces.set(called, listener)
    this.on(event, called)
  }

  off<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): void {
    checkEvent(event)
    const listeners = this.#listeners.get(event) ?? []
    const newest = listeners.findLastIndex((other) => {
      return other === listener || this.#onces.get(other) === listener
    })
    if (newest === -1) return
    if (listeners.length === 1) this.#listeners.delete(event)
    else this.#listeners.set(event, listeners.toSpliced(newest, 1))
  }

  /** Whether it is worth the while to make the data of an event. */
  heard(event: keyof RuntimeEvents): boolean {
    return this.#listeners.has(event)
  }

  /** `data` is made only if somebody listens. */
  emit<E extends keyof RuntimeEvents>(event: E, data: () => RuntimeEvents[E]): void {
    const listeners = this.#listeners.get(event) as Listener<E>[] | undefined
    if (listeners === undefined) return
    const made = data()
    for (const listener of listeners) {
      try {
        const returned = listener(made)
        if (typeof read(returned, 'then') === 'function') void this.#follow(event, returned)
      } catch (error) {
        this.#onMistake(event, error)
      }
    }
  }

  async #follow(event: keyof RuntimeEvents, returned: unknown): Promise<void> {
    try {
      await returned
    } catch (error) {
      this.#onMistake(event, error)
    }
  }

  #onMistake(event: keyof RuntimeEvents, error: unknown): void {
    if (event === 'error') return
    this.emit('error', () => ({ error, during: `a listener of ${event}` }))
  }
}

function checkEvent(event: unknown): void {
  if (typeof event === 'string' && Object.hasOwn(NAMES, event)) return
  throw new HelveError('HELVE_ERR_OPTION', `event: ${misspelt(event, EVENT_NAMES)}`)
}
