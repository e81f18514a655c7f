import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Admission, PricedQueue, Queue } from '../admission.ts'
import type { UnfiledJob } from '../turn.ts'
import { KindBudget, SLACK } from './budget.ts'
import type { Candidate, ClaimSource } from './source.ts'
import type { Suspects } from './suspects.ts'
import { Unfiled } from './unfiled.ts'

/** Characters of payloads that a lane claims in one turn at most: a turn reads them all at once. */
const MOST_CHARACTERS = 1_048_576

/** A job that may be claimed next; a group takes part with its first job. */
interface Contender extends Candidate {
  queue: Queue
  budget: KindBudget
  group: string | undefined
  /** Whether this job is the last one read of its queue: jobs that were not read may follow. */
  isLast: boolean
  /** Since when the job, or its group, waits to be claimed. */
  since: number
  /** The place of its group among the groups of one millisecond; 0 for a job without a group. */
  served: number
}

/** The result of one look at the queues of a priority. */
interface Pass {
  chosen: Contender[]
  /** Whether another look could find more: each look finds one job of a group. */
  again: boolean
  /** Whether more jobs may be due than the look has read. */
  more: boolean
}

/** What the claims of all lanes in one turn share. */
export interface ClaimTurn {
  source: ClaimSource
  suspects: Suspects
  now: number
}

/** Counts the turns of groups in the round, so that turns of one millisecond have an order. */
let served = 0

/** The claims of one turn for one lane. */
export class LaneClaims {
  readonly queues: PricedQueue[]
  /** The queues by priority; the lowest number comes first. */
  readonly #levels: PricedQueue[][]
  readonly jobs: ClaimedJob[] = []
  readonly #unfiled: Unfiled
  readonly #turn: ClaimTurn
  readonly #budgets = new Map<string, KindBudget>()
  /** Queued jobs that the lane may still claim in this turn. */
  #left: number
  #characters = MOST_CHARACTERS
  #room: number
  /** Room for kinds that hold nothing of the lane. */
  #reserve: number
  readonly #hadRoom: boolean
  /** Whether more jobs may be due for which there is no room except in the reserve. */
  #isFull = false
  /** Whether all due jobs have been claimed, so that a new job may start at once. */
  #idle = false

  constructor(turn: ClaimTurn, admission: Admission) {
    this.queues = admission.queues
    this.#levels = levelsOf(admission.queues)
    this.#turn = turn
    this.#unfiled = new Unfiled(turn.source, turn.now)
    this.#left = admission.most
    this.#room = admission.room + SLACK
    this.#reserve = (admission.reserve ?? 0) + SLACK
    this.#hadRoom = admission.room > 0
    for (const { kind, terms } of admission.queues) {
      if (this.#budgets.has(kind)) continue
      this.#budgets.set(kind, new KindBudget(turn.source, kind, terms, turn.now))
    }
  }

  /** Whether the limit of jobs or characters cut the claims short, though there may be room. */
  get isCut(): boolean {
    return this.#left <= 0 || this.#characters <= 0
  }

  /** Whether the claims have taken all the room of the lane, and more jobs are due, or may be. */
  get isBehind(): boolean {
    return this.#isFull && this.#hadRoom
  }

  /** Whether another turn at once would find more. */
  get hasMore(): boolean {
    return this.isCut || this.unfiled.length > 0
  }

  get unfiled(): UnfiledJob[] {
    return this.#unfiled.all
  }

  /**
   * With several priorities, nothing is claimed before all jobs are written: jobs do not arrive in
   * the order in which they have to run.
   */
  begin(): void {
    this.#lookForUnfiled()
    if (this.#levels.length === 1) this.#claimDue()
  }

  /** Whether a job is claimed as it is written; if so, takes the room for the job. */
  admits({ kind, runAt, group }: NewJob): boolean {
    const budget = this.#budgets.get(kind)!
    if (runAt > this.#turn.now || budget.terms.held) return false
    // Other jobs of the kind come before this job, and wait until the backlog is filed.
    if (this.#unfiled.isBacklog(kind)) return false
    const idle = this.#idle && group === null && budget.mayStart(this.#turn.now)
    if (idle && budget.terms.cost <= this.#room) {
      this.#take(budget)
      return true
    }
    // The job is written as queued, and jobs that are written later must not overtake it.
    this.#idle = false
    return false
  }

  finish(): void {
    this.#lookForUnfiled()
    if (!this.#idle) this.#claimDue()
  }

  #lookForUnfiled(): void {
    for (const [kind, { terms }] of this.#budgets) {
      if (terms.filing && !terms.held) this.#unfiled.look(kind)
    }
  }

  #take(budget: KindBudget): void {
    this.#room -= budget.terms.cost
    budget.take()
  }

  #takeReserve(budget: KindBudget): void {
    this.#reserve -= budget.terms.cost
    budget.take()
  }

  /** Whether the reserve has room for a job of a kind. */
  #mayReserve({ terms: { cost }, reserve }: KindBudget): boolean {
    return cost <= Math.min(this.#reserve, reserve)
  }

  /** Claims due jobs in the order `priority, run_at, id`, with the groups of a kind by turns. */
  #claimDue(): void {
    this.#isFull = false
    for (const level of this.#levels) {
      if (this.#isOpen) this.#claimOf(level)
      // Jobs of a lower priority must not take the room that a backlog will need.
      if (level.some(({ kind }) => this.#unfiled.isBacklog(kind))) this.#isFull = true
    }
    this.#idle = !this.#isFull
  }

  /** Whether any kind may find room. */
  get #isOpen(): boolean {
    if (this.isCut) return false
    return !this.#isFull || [...this.#budgets.values()].some((budget) => this.#mayReserve(budget))
  }

  /** Whether the kind can find no room any more in this turn. */
  #isClosedTo(budget: KindBudget): boolean {
    return this.#isFull && !this.#mayReserve(budget)
  }

  #claimOf(level: PricedQueue[]): void {
    let pass: Pass
    do {
      pass = this.#look(level)
      this.#mark(pass.chosen)
    } while (pass.again && this.#isOpen)
    if (!this.isCut) for (const queue of level) this.#bound(queue)
  }

  #look(level: PricedQueue[]): Pass {
    const pass: Pass = { chosen: [], again: false, more: false }
    const thinned = new Set<Queue>()
    for (const contender of this.#contenders(level, pass)) {
      const { budget, job } = contender
      if (!budget.mayStart(this.#turn.now)) continue
      const isBeyond = this.#isFull || budget.terms.cost > this.#room
      if (this.isCut || (isBeyond && !this.#mayReserve(budget))) {
        // Jobs behind this job must not take the room that it waits for.
        this.#isFull = true
        continue
      }
      if (!this.#mayStart(contender, pass)) {
        thinned.add(contender.queue)
        // The next jobs of its own queue, not read yet, come before jobs of the other queues.
        if (contender.isLast) break
        continue
      }
      this.#left -= 1
      this.#characters -= job.payload.length
      if (isBeyond) this.#takeReserve(budget)
      else this.#take(budget)
      this.#turn.suspects.started(job)
      pass.chosen.push(contender)
      if (contender.isLast && thinned.has(contender.queue)) break
    }
    const cheapest = Math.min(...[...this.#budgets.values()].map(({ terms }) => terms.cost))
    if (this.isCut || (pass.more && cheapest > this.#room)) this.#isFull = true
    return pass
  }

  /**
   * Whether neither its group nor another suspect keeps a job back. A group or job that is kept
   * back is put off.
   */
  #mayStart(contender: Contender, pass: Pass): boolean {
    const { queue, budget, group, job } = contender
    const of = group === undefined ? undefined : budget.group(group)
    const free = of === undefined ? 0 : of.freeAt
    if (free === null || free > this.#turn.now) {
      this.#putOff(queue, group!, free)
      pass.again = true
      return false
    }
    const until = this.#turn.suspects.waitsUntil(job)
    if (until !== undefined) {
      this.#postpone(contender, until)
      pass.again = true
      return false
    }
    if (of === undefined) return true
    of.take()
    pass.again = true
    return true
  }

  /** Puts a group off, which costs as much as a claim and counts as a claim. */
  #putOff(queue: Queue, group: string, until: number | null): void {
    this.#left -= 1
    this.#turn.source.serve(queue, group, until, served)
  }

  #postpone({ job, queue, budget, group }: Contender, until: number): void {
    this.#left -= 1
    this.#turn.source.postpone(job, until)
    if (group !== undefined) this.#serve(queue, group, budget)
  }

  /** Forgets an empty group, which costs as much as a claim and counts as a claim. */
  #leave(queue: Queue, group: string): void {
    this.#left -= 1
    this.#turn.source.leave(queue, group)
  }

  /**
   * The first due jobs of one priority: one more of each queue than there is room for, if there are
   * so many.
   */
  #contenders(level: PricedQueue[], pass: Pass): Contender[] {
    const { source, now } = this.#turn
    const found: Contender[] = []
    for (const queue of level) {
      const budget = this.#budgets.get(queue.kind)!
      if (!budget.mayStart(now) || this.#isClosedTo(budget)) continue
      const room = Math.min(this.#room + this.#reserve, budget.room)
      const limit = Math.min(Math.floor(room / budget.terms.cost), Math.max(0, this.#left)) + 1
      const { filing } = budget.terms
      const waits = this.#unfiled.isBacklog(queue.kind)
      const jobs = waits ? [] : source.jobs(queue, limit, this.#characters, filing)
      const groups = source.ready(queue, limit)
      pass.more ||= jobs.length === limit || groups.length === limit
      for (const [i, { job, runAt }] of jobs.entries()) {
        const isLast = i === limit - 1
        found.push({ job, runAt, queue, budget, group: undefined, isLast, since: runAt, served: 0 })
      }
      for (const { group, since, served: place } of groups) {
        const head = this.#head(queue, group)
        if (head === undefined) pass.again = true
        else found.push({ ...head, queue, budget, group, isLast: false, since, served: place })
      }
    }
    // The jobs of one queue come in order from the index; groups, and several queues, have to be
    // merged.
    const sorted = level.length === 1 && found.at(-1)?.group === undefined
    return sorted ? found : found.sort(inOrder)
  }

  /** The first job of a group, if the job is due. If not, corrects the bound of the group. */
  #head(queue: Queue, group: string): Candidate | undefined {
    const head = this.#turn.source.head(queue, group)
    if (head === undefined) this.#leave(queue, group)
    else if (head.runAt <= this.#turn.now) return head
    else this.#putOff(queue, group, head.runAt)
    return undefined
  }

  #mark(chosen: Contender[]): void {
    if (chosen.length === 0) return
    this.#turn.source.claim(chosen.map(({ job }) => job))
    for (const { job, queue, budget, group } of chosen) {
      this.jobs.push(job)
      if (group !== undefined) this.#serve(queue, group, budget)
    }
  }

  /** Moves a group to the end of the round. */
  #serve(queue: Queue, group: string, budget: KindBudget): void {
    const { source, now } = this.#turn
    const head = source.headTime(queue, group)
    if (head === undefined) return source.leave(queue, group)
    const free = budget.group(group).freeAt
    served += 1
    source.serve(queue, group, free === null ? null : Math.max(head, free, now), served)
  }

  /**
   * Sets the moment of the next look at a queue; a queue that still has due jobs keeps its bound.
   */
  #bound(queue: PricedQueue): void {
    const { source, now } = this.#turn
    const budget = this.#budgets.get(queue.kind)!
    if (budget.terms.held) return source.bound(queue, null)
    if (budget.isFull || this.#isClosedTo(budget)) return
    if (this.#unfiled.has(queue.kind)) return
    // While the kind has no token, the turn does not look at its ready groups.
    const looked = budget.freeAt > now ? -Infinity : now
    const next = Math.max(budget.freeAt, source.earliest(queue, looked))
    if (next > now) source.bound(queue, next)
  }
}

function inOrder(a: Contender, b: Contender): number {
  return a.since - b.since || a.served - b.served || a.job.id - b.job.id
}

function levelsOf(queues: PricedQueue[]): PricedQueue[][] {
  const levels = new Map<number, PricedQueue[]>()
  for (const queue of queues) {
    const level = levels.get(queue.priority)
    if (level) level.push(queue)
    else levels.set(queue.priority, [queue])
  }
  return [...levels].sort(([a], [b]) => a - b).map(([, level]) => level)
}
