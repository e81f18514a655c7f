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

/** The type of the data of an event; there is never a value. */
interface With<T> {
  readonly data?: T
}

/**
 * The events of a runtime: their names, and the data of each. A new event is one entry here, with
 * its doc comment.
 */
const EVENTS = {
  /** This runtime has accepted a job; not emitted for `enqueueIn`. */
  enqueued: telling<EnqueuedEvent>(),
  /** A job is handed to its lane. */
  started: telling<{ job: JobRef; queuedMs: number }>(),
  /**
   * A job has completed. `rerun`: a submission was folded in during the run, so that the job is
   * queued once more.
   */
  completed: telling<Ended & { result: unknown; rerun: boolean }>(),
  /** A run failed; the next run starts at `runAt` (epoch ms) or later. */
  retrying: telling<Ended & { error: JobError; runAt: number }>(),
  /**
   * A job is dead: it is out of attempts or of crashes, failed for good, snoozed beyond its
   * `maxAge`, or has no handler.
   */
  dead: telling<Ended & { error: JobError }>(),
  /**
   * A thread or process died during a run. The job is queued again, and its attempt is refunded.
   */
  lost: telling<{ job: JobRef; reason: string; crashes: number }>(),
  /**
   * A run was interrupted through no fault of its own. The job is queued again, and its attempt is
   * refunded.
   */
  released: telling<{ job: JobRef; reason: string }>(),
  /**
   * A handler asked for a later run. The job is queued again, not due before `runAt` (epoch ms),
   * and its attempt is refunded.
   */
  snoozed: telling<{ job: JobRef; runAt: number }>(),
  /** `runtime.cancel` has ended a job: the job is dead. */
  cancelled: telling<{ job: JobRef }>(),
  /** No more jobs of the target are claimed. */
  paused: telling<{ target: PauseTarget; by: string | null }>(),
  /** The target's jobs are claimed again. */
  resumed: telling<{ target: PauseTarget }>(),
  /** Runs of a group fail: none of its jobs starts before `breaker.until` (epoch ms), and then one. */
  'breaker:open': telling<{ breaker: Breaker }>(),
  /** Enough runs of the group have completed, or somebody has closed its breaker. */
  'breaker:closed': telling<{ kind: string; group: string }>(),
  /**
   * An attempt has shown that a hook is to get no more deliveries: its receiver answered 410, or has
   * failed for 5 days. The host tells the owner of the hook.
   */
  'webhook:disabled': telling<{ id: number; reason: string }>(),
  /** A ping to a hook that helve had disabled has succeeded: the hook is active again. */
  'webhook:enabled': telling<{ id: number }>(),
  /** Several kinds share a lane with one slot: a slow job of one kind holds up all other kinds. */
  'lane:narrow': telling<{ lane: string; kinds: string[] }>(),
  /** A handler has given `value` to `ctx.progress`. */
  progress: telling<{ job: JobRef; value: unknown }>(),
  /**
   * A run goes on although it was told to end, and helve cannot force it. Slot and key stay taken.
   */
  stuck: telling<{ job: JobRef; reason: string }>(),
  /** The end of a run came late or twice, and is dropped: the run no longer owns the claim. */
  stale: telling<{ job: JobRef }>(),
  /**
   * Something in helve, its store or the host's own functions failed. `during` tells which work
   * failed, and how it goes on.
   */
  error: telling<{ error: unknown; during: string }>(),
  /**
   * No job runs, and none is due, not even a paused job. Emitted once each time that the queue gets
   * into this state while the runtime claims, and also if the queue is in this state when claiming
   * begins.
   */
  drained: telling<{ at: number }>(),
  /**
   * This runtime has accepted jobs for some seconds, but was never started, and nobody owns the
   * file: nothing runs the jobs. Emitted once.
   */
  unowned: telling<{ since: number }>(),
  /** A thread of a lane has been set up, and takes jobs. */
  'thread:up': telling<{ lane: string; thread: number }>(),
  /** A thread has ended by itself, or was ended. */
  'thread:down': telling<{ lane: string; thread: number; reason: string }>(),
  /**
   * The code of `job` holds the event loop of a thread that runs several jobs at once (undefined:
   * code of no job that runs). The thread gets no new jobs, and another thread takes its place.
   * While the stalled thread has jobs, `thread:resumed` or `thread:down` follows.
   */
  'thread:stalled': telling<{
    lane: string
    thread: number
    job: JobRef | undefined
    heldMs: number
  }>(),
  /** A stalled thread goes on, after its event loop was held for `heldMs`. */
  'thread:resumed': telling<{ lane: string; thread: number; heldMs: number }>(),
}

function telling<T>(): With<T> {
  return {}
}

type Told<E> = E extends With<infer T> ? T : never

/**
 * The events of a runtime, and their data. Each event is emitted after the commit that made it
 * true.
 *
 * `durationMs` is how long the run took, or the time since its claim if nobody measured the run.
 * `queuedMs` is for how long the job had been due when the run started.
 */
export type RuntimeEvents = { [E in keyof typeof EVENTS]: Told<(typeof EVENTS)[E]> }

export type EventName = keyof RuntimeEvents

/** The name of an event and its data: the arguments of a listener to all events. */
export type AnyEvent = { [E in EventName]: [name: E, data: RuntimeEvents[E]] }[EventName]

const EVENT_NAMES = Object.keys(EVENTS) as EventName[]

export type Listener<E extends EventName> = (data: RuntimeEvents[E]) => unknown
/**
 * A listener to all events. TypeScript does not accept a listener that takes the name alone as a
 * listener to {@link AnyEvent}.
 */
export type AnyListener = ((...event: AnyEvent) => unknown) | ((name: EventName) => unknown)

/** A listener to one event: `given` as the host gave it, `call` as helve calls it. */
interface Subscription {
  given: Listener<never> | AnyListener
  /** Whether the listener was given to `onAny`. */
  isAny: boolean
  call: (data: never) => unknown
}

/**
 * Emits the events of a runtime. A listener that throws or rejects is reported by an `error` event,
 * and disturbs no other listener. Not an EventEmitter, which throws when an `error` has no
 * listener, and needs the data of each event, though most events have no listener.
 */
export class Events {
  readonly #subscriptions = new Map<EventName, readonly Subscription[]>()

  /** @throws HelveError `HELVE_ERR_OPTION` for an unknown event */
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

  /** Listens to every event. From then on the data of every event is made. */
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

  /** Whether an event has a listener: only then its data is needed. */
  heard(event: EventName): boolean {
    return this.#subscriptions.has(event)
  }

  /** `data` is called only if somebody listens. */
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
