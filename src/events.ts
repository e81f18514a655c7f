import { EventEmitter } from 'node:events'
import type { ClaimedJob, JobError } from './job/job.ts'

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
  /** Accepted from this process; `deduped` when it was folded into the job `id`. */
  enqueued: { id: number; kind: string; dedupeKey: string | null; deduped: boolean }
  /** Handed to its lane. */
  started: { job: JobRef }
  /** `rerun`: a submission was folded in while it ran, so the job is queued once more. */
  completed: { job: JobRef; result: unknown; durationMs: number; rerun: boolean }
  /** A run failed; the next one starts at `runAt` (epoch ms) or later. */
  retrying: { job: JobRef; error: JobError; runAt: number; durationMs: number }
  /** Out of attempts or of crashes, failed permanently, or nobody handles its kind. */
  dead: { job: JobRef; error: JobError; durationMs: number }
  /** Its thread or process died under it: queued again, the attempt refunded. */
  lost: { job: JobRef; reason: string; crashes: number }
  /** Interrupted through no doing of its own: queued again, the attempt refunded. */
  released: { job: JobRef; reason: string }
  /** What the handler gave to `ctx.progress`. */
  progress: { job: JobRef; value: unknown }
  /** A run does not end although it was told to, and cannot be forced: slot and key stay taken. */
  stuck: { job: JobRef; reason: string }
  'thread:up': { lane: string; thread: number }
  'thread:down': { lane: string; thread: number; reason: string }
  /** Something in helve or its store failed; the work goes on as `during` says. */
  error: { error: unknown; during: string }
}

/** The events of a runtime. A listener that throws is reported, and disturbs nobody else. */
export class Events {
  readonly #emitter = new EventEmitter()

  constructor() {
    this.#emitter.setMaxListeners(0)
  }

  on<E extends keyof RuntimeEvents>(event: E, listener: (data: RuntimeEvents[E]) => void): void {
    this.#emitter.on(key(event), listener)
  }

  off<E extends keyof RuntimeEvents>(event: E, listener: (data: RuntimeEvents[E]) => void): void {
    this.#emitter.off(key(event), listener)
  }

  /** `data` is made only if somebody listens: most events of most hosts are heard by nobody. */
  emit<E extends keyof RuntimeEvents>(event: E, data: () => RuntimeEvents[E]): void {
    if (this.#emitter.listenerCount(key(event)) === 0) return
    const made = data()
    for (const listener of this.#emitter.listeners(key(event))) {
      try {
        const returned: unknown = listener(made)
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

/** Node gives the name `error` a meaning of its own: without a listener it would throw. */
function key(event: keyof RuntimeEvents): string {
  return `helve:${event}`
}

export function jobRef({ id, kind, dedupeKey, attempt }: ClaimedJob): JobRef {
  return { id, kind, dedupeKey, attempt }
}
