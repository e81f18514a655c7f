import type { EnqueuedEvent, JobRef } from './event-data.ts'
import type { Breaker } from './job/breaker.ts'
import { checkFunction } from './job/check.ts'
import { HelveError, read } from './job/errors.ts'
import type { JobError } from './job/job.ts'
import { misspelt } from './job/nearest.ts'
import type { PauseTarget } from './job/pause.ts'

interface Ended {
  job: JobRef
  durationMs: number
  queuedMs: number
}

/** What is told with an event; it stands for a type, and has no value. */
interface With<T> {
  readonly data?: T
}

/**
 * The events of a runtime: their names, and what each tells. A new event is one entry here, with
 * its doc comment.
 */
const EVENTS = {
  /** Accepted by this runtime, but for `enqueueIn`. */
  enqueued: telling<EnqueuedEvent>(),
  /** Handed to its lane. */
  started: telling<{ job: JobRef; queuedMs: number }>(),
  /** `rerun`: a submission was folded in while it ran, so the job is queued once more. */
  completed: telling<Ended & { result: unknown; rerun: boolean }>(),
  /** A run failed; the next one starts at `runAt` (epoch ms) or later. */
  retrying: telling<Ended & { error: JobError; runAt: number }>(),
  /** Out of attempts or of crashes, failed for good, snoozed beyond its `maxAge`, or without a handler. */
  dead: telling<Ended & { error: JobError }>(),
  /** Its thread or process died under it: queued again, the attempt refunded. */
  lost: telling<{ job: JobRef; reason: string; crashes: number }>(),
  /** Interrupted through no doing of its own: queued again, the attempt refunded. */
  released: telling<{ job: JobRef; reason: string }>(),
  /** It asked for a later run: queued again, the attempt refunded, not before `runAt` (epoch ms). */
  snoozed: telling<{ job: JobRef; runAt: number }>(),
  /** `runtime.cancel` has ended it: it is dead. */
  cancelled: telling<{ job: JobRef }>(),
  /** No more is claimed of the target. */
  paused: telling<{ target: PauseTarget; by: string | null }>(),
  /** The target's jobs are claimed again. */
  resumed: telling<{ target: PauseTarget }>(),
  /** Runs of a group fail: none of its jobs starts before `breaker.until` (epoch ms), and then one. */
  'breaker:open': telling<{ breaker: Breaker }>(),
  /** Enough runs of the group have completed, or somebody has closed its breaker. */
  'breaker:closed': telling<{ kind: string; group: string }>(),
  /** Several kinds share a lane that has one slot: a slow job of one holds up all the others. */
  'lane:narrow': telling<{ lane: string; kinds: string[] }>(),
  /** What the handler gave to `ctx.progress`. */
  progress: telling<{ job: JobRef; value: unknown }>(),
  /** A run does not end although it was told to, and cannot be forced: slot and key stay taken. */
  stuck: telling<{ job: JobRef; reason: string }>(),
  /** The end of a run came late or twice: the claim was not its own any more, and it is dropped. */
  stale: telling<{ job: JobRef }>(),
  /** Something in helve or its store failed; the work goes on as `during` says. */
  error: telling<{ error: unknown; during: string }>(),
  /**
   * Nothing runs, and no job is due, also none that is paused; told once for each time that the
   * queue becomes so while the runtime claims, and if that is so when it begins.
   */
  drained: telling<{ at: number }>(),
  /**
   * For some seconds this runtime has accepted jobs, though it was never started, and nobody owns
   * the file: nothing runs them. Told once.
   */
  unowned: telling<{ since: number }>(),
  /** A thread of a lane has been set up, and takes jobs. */
  'thread:up': telling<{ lane: string; thread: number }>(),
  /** A thread has ended, or was ended. */
  'thread:down': telling<{ lane: string; thread: number; reason: string }>(),
  /**
   * A thread that runs several jobs at once does not get on, since the code of `job` holds its
   * event loop (undefined: the code of no job that runs). It gets no new jobs, and another one
   * takes its place; while it has jobs, `thread:resumed` or `thread:down` follows.
   */
  'thread:stalled': telling<{
    lane: string
    thread: number
    job: JobRef | undefined
    heldMs: number
  }>(),
  /** A stalled thread goes on: its event loop had been held for `heldMs`. */
  'thread:resumed': telling<{ lane: string; thread: number; heldMs: number }>(),
}

function telling<T>(): With<T> {
  return {}
}

type Told<E> = E extends With<infer T> ? T : never

/**
 * What a runtime tells. Each is emitted after the commit that made it true.
 *
 * `durationMs` is how long the run took (where nobody could measure that, the time since its claim),
 * `queuedMs` for how long the job had been due when it started.
 */
export type RuntimeEvents = { [E in keyof typeof EVENTS]: Told<(typeof EVENTS)[E]> }

export type EventName = keyof RuntimeEvents

/** The name of an event with what is told: the arguments of a listener to all events. */
export type AnyEvent = { [E in EventName]: [name: E, data: RuntimeEvents[E]] }[EventName]

const EVENT_NAMES = Object.keys(EVENTS) as EventName[]

export type Listener<E extends EventName> = (data: RuntimeEvents[E]) => unknown
/** TypeScript does not take a listener to the name alone for one to {@link AnyEvent}. */
export type AnyListener = ((...event: AnyEvent) => unknown) | ((name: EventName) => unknown)

/** A listener to one event: as it was given, and as it is called. */
interface Subscription {
  given: Listener<never> | AnyListener
  /** Whether it was given as a listener to all events. */
  isAny: boolean
  call: (data: never) => unknown
}

/**
 * The events of a runtime. A listener that throws or rejects is reported, and disturbs nobody else.
 * Not an EventEmitter: there, an `error` without a listener throws, and most jobs are heard by
 * nobody.
 */
export class Events {
  readonly #subscriptions = new Map<EventName, readonly Subscription[]>()

  /** @throws HelveError `HELVE_ERR_OPTION` for an event that there is not */
  on<E extends EventName>(event: E, listener: Listener<E>): void {
    checkEvent(event)
    checkFunction(listener, 'listener')
    this.#add(event, { given: listener, isAny: false, call: listener })
  }

  once<E extends EventName>(event: E, listener: Listener<E>): void {
    checkFunction(listener, 'listener')
    checkEvent(event)
    const call: Listener<E> = (data) => {
      this.#remove(event, subscription)
      return listener(data)
    }
    const subscription = { given: listener, isAny: false, call }
    this.#add(event, subscription)
  }

  off<E extends EventName>(event: E, listener: Listener<E>): void {
    checkEvent(event)
    this.#removeNewest(event, listener, false)
  }

  /** Listens to every event; from here on each is made. */
  onAny(listener: AnyListener): void {
    checkFunction(listener, 'listener')
    const told = listener as (name: EventName, data: unknown) => unknown
    for (const name of EVENT_NAMES) {
      this.#add(name, { given: listener, isAny: true, call: (data) => told(name, data) })
    }
  }

  offAny(listener: AnyListener): void {
    for (const name of EVENT_NAMES) this.#removeNewest(name, listener, true)
  }

  /** Whether it is worth the while to make the data of an event. */
  heard(event: EventName): boolean {
    return this.#subscriptions.has(event)
  }

  /** `data` is made only if somebody listens. */
  emit<E extends EventName>(event: E, data: () => RuntimeEvents[E]): void {
    const subscriptions = this.#subscriptions.get(event)
    if (subscriptions === undefined) return
    const made = data() as never
    for (const { call } of subscriptions) {
      try {
        const returned = call(made)
        if (typeof read(returned, 'then') === 'function') void this.#follow(event, returned)
      } catch (error) {
        this.#onMistake(event, error)
      }
    }
  }

  #add(event: EventName, subscription: Subscription): void {
    this.#subscriptions.set(event, [...this.#of(event), subscription])
  }

  #removeNewest(event: EventName, listener: Subscription['given'], isAny: boolean): void {
    const newest = this.#of(event).findLast((one) => one.given === listener && one.isAny === isAny)
    if (newest !== undefined) this.#remove(event, newest)
  }

  #remove(event: EventName, subscription: Subscription): void {
    const others = this.#of(event).filter((other) => other !== subscription)
    if (others.length === 0) this.#subscriptions.delete(event)
    else this.#subscriptions.set(event, others)
  }

  #of(event: EventName): readonly Subscription[] {
    return this.#subscriptions.get(event) ?? []
  }

  async #follow(event: EventName, returned: unknown): Promise<void> {
    try {
      await returned
    } catch (error) {
      this.#onMistake(event, error)
    }
  }

  #onMistake(event: EventName, error: unknown): void {
    if (event === 'error') return
    this.emit('error', () => ({ error, during: `a listener of ${event}` }))
  }
}

function checkEvent(event: unknown): void {
  if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) return
  throw new HelveError('HELVE_ERR_OPTION', `event: ${misspelt(event, EVENT_NAMES)}`)
}
