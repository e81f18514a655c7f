import type { ClaimedJob, JobError } from './job/job.ts'
import type { PauseTarget } from './job/pause.ts'

/** Names a job in an event. */
export interface JobRef {
  id: number
  kind: string
  dedupeKey: string | null
  /** Counts the run that the event speaks of. */
  attempt: number
}

/** What a runtime tells. Each is emitted after the commit that made it true. */
export interface RuntimeEvents {
  /** Accepted by this runtime, but for `enqueueIn`; `deduped` when it was folded into the job `id`. */
  enqueued: { id: number; kind: string; dedupeKey: string | null; deduped: boolean }
  /** Handed to its lane. */
  started: { job: JobRef }
  /**
   * `durationMs`: milliseconds that the run took, or where nobody could measure that, since its claim.
   * `rerun`: a submission was folded in while it ran, so the job is queued once more.
   */
  completed: { job: JobRef; result: unknown; durationMs: number; rerun: boolean }
  /** A run failed; the next one starts at `runAt` (epoch ms) or later. */
  retrying: { job: JobRef; error: JobError; runAt: number; durationMs: number }
  /** Out of attempts or of crashes, failed for good, snoozed beyond its `maxAge`, or without a handler. */
  dead: { job: JobRef; error: JobError; durationMs: number }
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

type Listener<E extends keyof RuntimeEvents> = (data: RuntimeEvents[E]) => unknown

/**
 * The events of a runtime. A listener that throws is reported, and disturbs nobody else. Not an
 * EventEmitter: there, an `error` without a listener throws, and most jobs are heard by nobody.
 */
export class Events {
  readonly #listeners = new Map<keyof RuntimeEvents, Listener<never>[]>()

  on<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  off<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): void {
    const others = (this.#listeners.get(event) ?? []).filter((other) => other !== listener)
    if (others.length > 0) this.#listeners.set(event, others)
    else this.#listeners.delete(event)
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
        if (returned instanceof Promise) returned.catch((error) => this.#onMistake(event, error))
      } catch (error) {
        this.#onMistake(event, error)
      }
    }
  }

  #onMistake(event: keyof RuntimeEvents, error: unknown): void {
    if (event === 'error') return
    this.emit('error', () => ({ error, during: `a listener of ${event}` }))
  }
}

export function jobRef({ id, kind, dedupeKey, attempt }: ClaimedJob): JobRef {
  return { id, kind, dedupeKey, attempt }
}
