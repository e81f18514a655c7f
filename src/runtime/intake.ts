import type { Clock } from '../coordinator/clock.ts'
import { closed, type Coordinator } from '../coordinator/coordinator.ts'
import { checkKeys } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { toJobError } from '../job/failure.ts'
import type { EnqueueResult, NewJob } from '../job/job.ts'
import { checkPayload, checkPayloadNow } from '../job/schema.ts'
import { ENQUEUE_KEYS, newJob, type EnqueueOptions } from '../job/submission.ts'
import type { Registry } from './registry.ts'

/** A submission whose types are not known. */
export type AnySubmission = { kind: string; payload?: unknown } & EnqueueOptions

type Options = EnqueueOptions | undefined
type Result = EnqueueResult | HelveError

const SUBMISSION_KEYS = ['kind', 'payload', ...ENQUEUE_KEYS]

interface IntakeParts {
  registry: Registry
  coordinator: Coordinator
  clock: Clock
}

/** Takes submissions in: checks them, and adds the options of their kind, before they wait. */
export class Intake {
  readonly #parts: IntakeParts
  readonly #onSubmission: () => void
  #isClosed = false

  /** @param onSubmission called for each submission that has been checked */
  constructor(parts: IntakeParts, onSubmission: () => void) {
    this.#parts = parts
    this.#onSubmission = onSubmission
  }

  /**
   * Refuses every submission from now on, also one that is being checked. Submissions that wait for
   * their commit are kept.
   */
  close(): void {
    this.#isClosed = true
  }

  enqueue(kind: string, payload: unknown, options: Options): Promise<EnqueueResult> {
    const { schema } = this.#parts.registry.policy(kind)
    if (schema === undefined) return this.#submit(kind, payload, options)
    return checkPayload(schema, payload).then((checked) => this.#submit(kind, checked, options))
  }

  /**
   * Enqueues a turn's worth at a time: further submissions would only grow old in the mailbox, and
   * the submissions of others would wait behind them.
   *
   * @throws HelveError when some are refused; its `results` say what became of each
   */
  async enqueueMany(submissions: readonly AnySubmission[]): Promise<EnqueueResult[]> {
    const results: Result[] = []
    while (results.length < submissions.length) {
      const end = results.length + this.#parts.coordinator.turnRows
      results.push(...(await this.#enqueueAll(submissions.slice(results.length, end))))
    }
    const refused = results.findIndex((result) => result instanceof HelveError)
    if (refused === -1) return results as EnqueueResult[]
    throw someRefused(results, refused)
  }

  /** The checked job, for a caller that cannot wait. */
  jobNow(kind: string, payload: unknown, options: Options): NewJob {
    const { schema } = this.#parts.registry.policy(kind)
    const checked = schema === undefined ? payload : checkPayloadNow(schema, payload)
    return this.#job(kind, checked, options)
  }

  /** Refuses by a rejection, as every function that returns a promise does. */
  #submit(kind: string, payload: unknown, options: Options): Promise<EnqueueResult> {
    try {
      return this.#parts.coordinator.enqueue(this.#job(kind, payload, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #job(kind: string, payload: unknown, options: Options): NewJob {
    if (this.#isClosed) throw closed()
    const { clock, registry } = this.#parts
    const now = clock.now()
    const moment = { now, wall: clock.wallOf(now) }
    const job = newJob(kind, payload, options, moment, registry.policy(kind))
    this.#onSubmission()
    return job
  }

  async #enqueueAll(submissions: AnySubmission[]): Promise<Result[]> {
    const checked = submissions.map((submission) => this.#tryJob(submission))
    const jobs: (NewJob | HelveError)[] = []
    for (const one of checked) jobs.push(one instanceof Promise ? await one : one)
    if (this.#isClosed) return jobs.map((job) => (job instanceof HelveError ? job : closed()))
    const accepted = jobs.filter((job) => !(job instanceof HelveError)) as NewJob[]
    const became = (await this.#parts.coordinator.enqueueAll(accepted)).values()
    return jobs.map((job) => {
      const result = job instanceof HelveError ? job : became.next().value
      if (result instanceof Error && !(result instanceof HelveError)) throw result
      return result as Result
    })
  }

  /** The job of a submission, or the error that refuses it; a promise if the kind has a schema. */
  #tryJob(submission: AnySubmission): NewJob | HelveError | Promise<NewJob | HelveError> {
    try {
      checkKeys(submission, 'submission', SUBMISSION_KEYS)
      const { kind, payload, ...options } = submission
      const { schema } = this.#parts.registry.policy(kind)
      if (schema === undefined) return this.#job(kind, payload, options)
      const checked = checkPayload(schema, payload)
      return checked.then((value) => this.#job(kind, value, options)).catch(refusal)
    } catch (error) {
      return refusal(error)
    }
  }
}

/** The error that refuses a submission: an object of the host's may throw when it is read. */
function refusal(cause: unknown): HelveError {
  if (cause instanceof HelveError) return cause
  const problem = `submission: expected an object, got one that throws ${toJobError(cause).message}`
  return new HelveError('HELVE_ERR_OPTION', problem, { cause })
}

function someRefused(results: Result[], first: number): HelveError {
  const { code, message } = results[first] as HelveError
  const refused = results.filter((result) => result instanceof HelveError).length
  return new HelveError(
    code,
    `submissions: ${refused} of ${results.length} are refused, the others enqueued; ` +
      `submissions[${first}]: ${message}`,
    { results },
  )
}
