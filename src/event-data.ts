import type { ClaimedJob, EnqueueResult, NewJob } from './job/job.ts'

/** A payload in an event. */
interface WithPayload {
  /**
   * Parsed at each read. A getter, and no own field of the event: whoever logs an event does not
   * log the payload, which may be secret.
   */
  readonly payload: unknown
}

/** Names a job in an event. */
export interface JobRef extends WithPayload {
  id: number
  kind: string
  dedupeKey: string | null
  /** The number of the attempt that the event tells of; 1 is the first. */
  attempt: number
}

/** A submission that was accepted. `deduped`: the submission was folded into the job `id`. */
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

/** A class, since defining a getter on each object takes twenty times as long. */
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
