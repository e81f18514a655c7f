import assert from 'node:assert/strict'
import { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import { isLive, KEPT_ERRORS, type Job } from './job.ts'
import type { Kind, Payload } from './kinds.ts'
import type { Limits } from './limits.ts'
import { noMail, nothingTold, type Acknowledgement, type Mail, type Told } from './mail.ts'
import { Rounds } from './rounds.ts'
import type { Tally } from './tally.ts'

/**
 * The queue as it has to be: plain, slow, and after what helve promises, not after how it does it.
 * What happens by turns is in `turn.ts`; this is what happens at once.
 */
export class Queue {
  readonly jobs = new Map<number, Job>()
  readonly limits: Limits
  readonly rounds = new Rounds()
  readonly tally: Tally
  readonly #clock: { now(): number }
  mail: Mail = noMail()
  /** Whether it claims whatever may start. */
  isClaiming = true
  /** What has been done, for whoever has to find out why it failed. */
  readonly log: string[] = []
  /** When the latest turn was. */
  turnedAt: number
  /** The job that runs although the next crash would be its last; one at a time does. */
  lastChance: { id: number; since: number } | undefined
  /** Its id, in the process that ended last, if there was one. */
  begun: number | undefined
  /** Claims whose runs have ended: to settle them once more must change nothing. */
  readonly past: ClaimedJob[] = []
  /** What a process has to have told, and done, that is alive. */
  expected: Told = nothingTold()
  /** Ids of the jobs that calls of `once` wait for. */
  readonly onces = new Set<number>()
  #submissions = 0

  constructor(limits: Limits, clock: { now(): number }, tally: Tally) {
    this.limits = limits
    this.tally = tally
    this.#clock = clock
    this.turnedAt = clock.now()
  }

  get now(): number {
    return this.#clock.now()
  }

  all(state?: Job['state']): Job[] {
    const jobs = [...this.jobs.values()]
    return state === undefined ? jobs : jobs.filter((job) => job.state === state)
  }

  onThreads(): Job[] {
    return this.all('running').filter(({ onThread }) => onThread)
  }

  /** A payload of its own for each submission. */
  payload(repo: Payload['repo']): Payload {
    this.#submissions += 1
    return { n: this.#submissions, repo }
  }

  /** When time alone lets a job start; Infinity if that takes something else. */
  startsAt(job: Job, bound: 'least' | 'most' = 'most'): number {
    const { limits, now } = this
    const running = this.all('running')
    return limits.hasSlot(job, running) ? limits.readyAt(job, running, now, bound) : Infinity
  }

  /** Jobs that wait for nothing but a slot. */
  ready(): Job[] {
    const { limits, now } = this
    const running = this.all('running')
    const due = this.all('queued').filter((job) => job.runAt <= now)
    return due.filter((job) => limits.readyAt(job, running, now) === now)
  }

  holder(key: string | null): Job | undefined {
    return key === null ? undefined : this.all().find((job) => job.key === key && isLive(job))
  }

  /** A submission is written: as a job of its own, or folded into the one that holds its key. */
  accept(submission: NewJob, told: Acknowledgement): void {
    const holder = this.holder(submission.dedupeKey)
    if (holder !== undefined && holder.kind !== submission.kind) {
      assert.ok(told instanceof HelveError, 'a submission got the key of another kind')
      assert.equal(told.code, 'HELVE_ERR_DEDUPE_KEY')
      return this.tally.saw('refused: its key is held by another kind')
    }
    if (told instanceof HelveError) throw told
    assert.equal(told.deduped, holder !== undefined)
    if (holder === undefined) this.#add(submission, told.id)
    else this.#fold(submission, told.id, holder)
  }

  /** Resolves to whether there was something to cancel. */
  cancel(job: Job | undefined): boolean {
    if (job === undefined) return false
    if (job.state === 'queued') {
      const failure = { name: 'CancelledError', at: this.now, attempt: job.attempts }
      job.errors = [...job.errors, failure].slice(-KEPT_ERRORS)
      Object.assign(job, { state: 'dead', diedAt: this.now, owed: [] })
    } else if (job.state === 'running' && job.isOwn) {
      Object.assign(job, { cancelled: true, rerun: false, owed: [] })
    } else return false
    return true
  }

  /** A dead job is queued once more, unless a newer one holds its key. */
  retry(job: Job): void {
    assert.equal(this.holder(job.key), undefined)
    const fresh = { attempts: 0, crashes: 0, diedAt: null, owed: [job.payload.n] }
    Object.assign(job, { state: 'queued', runAt: this.now, ...fresh })
  }

  /** The process is gone, and with it all that only it knew. */
  crash(): void {
    this.mail = noMail()
    this.expected = nothingTold()
    this.begun = this.lastChance?.id ?? this.begun
    this.lastChance = undefined
    this.isClaiming = false
    this.onces.clear()
    const forgotten = { isOwn: false, onThread: false, cancelled: false }
    for (const job of this.jobs.values()) Object.assign(job, forgotten)
  }

  #add(submission: NewJob, id: number): void {
    assert.ok(!this.jobs.has(id), `job ${id} is there already`)
    const { kind, dedupeKey, group, priority, maxAttempts, overrides, runAt } = submission
    const payload = JSON.parse(submission.payload) as Payload
    this.jobs.set(id, {
      ...{ id, kind: kind as Kind, payload, key: dedupeKey, group, priority, maxAttempts },
      ...{ overrides, runAt, createdAt: this.now, startedAt: null, diedAt: null, errors: [] },
      ...{ state: 'queued', attempts: 0, crashes: 0, folds: 0, rerun: false, token: undefined },
      ...{ isOwn: false, onThread: false, cancelled: false, owed: [payload.n] },
    })
  }

  #fold({ payload, runAt }: NewJob, id: number, holder: Job): void {
    assert.equal(id, holder.id)
    holder.payload = JSON.parse(payload) as Payload
    holder.owed.push(holder.payload.n)
    holder.folds += 1
    this.tally.saw(`folded into a ${holder.state} job`)
    if (holder.state === 'running') holder.rerun = true
    // A retry keeps its backoff.
    else if (holder.attempts === 0) holder.runAt = Math.min(holder.runAt, runAt)
  }
}
