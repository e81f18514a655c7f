import assert from 'node:assert/strict'
import { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { ManualClock } from '../../support/manual-clock.ts'
import { fold } from './folding.ts'
import { isLive, type Job } from './job.ts'
import { hasGroups, type Kind, type Payload } from './kinds.ts'
import type { Limits } from './limits.ts'
import { noMail, nothingTold, type Acknowledgement, type Mail, type Told } from './mail.ts'
import { Rounds } from './rounds.ts'
import type { Tally } from './tally.ts'

/**
 * The queue as it has to be: plain and slow. It follows what helve promises, not how helve works.
 * `turn.ts` has what happens in turns; this class has what holds at any time.
 */
export class Queue {
  readonly jobs = new Map<number, Job>()
  readonly limits: Limits
  readonly clock: ManualClock
  readonly rounds = new Rounds()
  readonly tally: Tally
  mail: Mail = noMail()
  /** Calls of `once` that wait for room. */
  held = 0
  /** Whether turns claim whatever may start. */
  isClaiming = true
  /** The commands so far, for whoever has to find out why a sequence has failed. */
  readonly log: string[] = []
  /** Claims whose runs have ended: a further settle of them must change nothing. */
  readonly past: ClaimedJob[] = []
  /** What the living process has to have told and done. */
  expected: Told = nothingTold()
  /** Ids of the jobs that calls of `once` wait for. */
  readonly onces = new Set<number>()
  #submissions = 0

  constructor(limits: Limits, clock: ManualClock, tally: Tally) {
    this.limits = limits
    this.tally = tally
    this.clock = clock
  }

  get now(): number {
    return this.clock.now()
  }

  all(state?: Job['state']): Job[] {
    const jobs = [...this.jobs.values()]
    return state === undefined ? jobs : jobs.filter((job) => job.state === state)
  }

  onThreads(): Job[] {
    return this.all('running').filter(({ onThread }) => onThread)
  }

  /** Makes a payload for a new submission; no two submissions have the same. */
  payload(repo: Payload['repo']): Payload {
    this.#submissions += 1
    return { n: this.#submissions, repo }
  }

  /** When time alone lets a job start; Infinity if the start takes more than time. */
  startsAt(job: Job, running = this.all('running')): number {
    const { limits, clock, now } = this
    if (!limits.hasSlot(job, running)) return Infinity
    const moment = job.wallAt === null ? Infinity : clock.timeOf(job.wallAt)
    return Math.max(now, Math.min(job.runAt, moment), limits.freeAt(job, running))
  }

  /** When time alone lets the next job start. */
  nextStart(): number {
    const running = this.all('running')
    return Math.min(...this.all('queued').map((job) => this.startsAt(job, running)))
  }

  /** Jobs that wait for nothing but a slot. */
  ready(): Job[] {
    const running = this.all('running')
    return this.all('queued').filter((job) => {
      return this.isDue(job, running) && !this.isUnfiled(job)
    })
  }

  /** Whether a queued job waits neither for time, nor for other jobs of its kind or group. */
  isDue(job: Job, running = this.all('running')): boolean {
    return job.runAt <= this.now && this.limits.freeAt(job, running) <= this.now
  }

  /** Whether the job's group is not known yet: the job does not start before. */
  isUnfiled({ kind, filed }: Job): boolean {
    return hasGroups(kind) && !filed
  }

  holder(key: string | null): Job | undefined {
    return key === null ? undefined : this.all().find((job) => job.key === key && isLive(job))
  }

  /** Writes a submission: as a job of its own, or folded into the job that holds its key. */
  accept(submission: NewJob, told: Acknowledgement): void {
    const holder = this.holder(submission.dedupeKey)
    if (holder !== undefined && holder.kind !== submission.kind) {
      assert.ok(told instanceof HelveError, 'a submission got the key of another kind')
      assert.equal(told.code, 'HELVE_ERR_DEDUPE_KEY')
      return this.tally.saw('refused: its key is held by another kind')
    }
    if (told instanceof HelveError) throw told
    assert.equal(told.deduped, holder !== undefined)
    if (holder === undefined) return this.#add(submission, told.id)
    assert.equal(told.id, holder.id)
    this.tally.saw(`folded into a ${fold(submission, holder)}`)
  }

  /** There may be room: calls of `once` that wait for room are made again. */
  releaseOnces(): void {
    this.mail.onces += this.held
    this.held = 0
  }

  /** The process is gone, and with it all that only the process knew. */
  crash(): void {
    this.mail = noMail()
    this.held = 0
    this.expected = nothingTold()
    this.isClaiming = false
    this.onces.clear()
    const forgotten = { isOwn: false, onThread: false, cancelled: false }
    for (const job of this.jobs.values()) Object.assign(job, forgotten)
  }

  #add(submission: NewJob, id: number): void {
    assert.ok(!this.jobs.has(id), `job ${id} is there already`)
    const { kind, dedupeKey, group, priority, maxAttempts, overrides, runAt, wallAt } = submission
    const payload = JSON.parse(submission.payload) as Payload
    const { now, clock } = this
    this.jobs.set(id, {
      ...{ id, kind: kind as Kind, payload, key: dedupeKey, priority, maxAttempts, overrides },
      ...{ group: group ?? null, filed: group !== undefined, runAt, wallAt, backingOff: false },
      ...{ createdAt: clock.wall(), since: now, startedAt: null, diedAt: null, errors: [] },
      ...{ state: 'queued', attempts: 0, crashes: 0, folds: 0, rerun: 0, token: undefined },
      ...{ isOwn: false, onThread: false, cancelled: false, owed: [payload.n] },
    })
  }
}
