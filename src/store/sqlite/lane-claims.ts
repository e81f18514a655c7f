import type { ClaimedJob, NewJob } from '../../job/job.ts'
import { groupOf } from '../../job/submission.ts'
import type { Admission, PricedQueue, Queue } from '../store.ts'
import { KindBudget, SLACK } from './budget.ts'
import type { Counters } from './counters.ts'
import { joinGroup } from './groups.ts'
import { claimedNow } from './rows.ts'
import type { EnqueueStatements, QueueStatements } from './statements.ts'

type Statements = QueueStatements & EnqueueStatements
type Row = unknown[]

/** A job that could be claimed; of a group, its first. */
interface Candidate {
  row: Row
  queue: Queue
  budget: KindBudget
  group: string | undefined
  /** Since when it waits for its turn. */
  since: number
  /** Its place among those of one millisecond that have had a turn. */
  served: number
}

/** What one look at the queues came to. */
interface Pass {
  chosen: Candidate[]
  /** Whether a job was given its group. */
  filed: boolean
  /** Whether another look could find more: each finds one job of a group. */
  again: boolean
}

/** Where a row of `statements.due` has what is needed of it here. */
const [ID, PAYLOAD, RUN_AT] = [0, 2, 11]

/** Turns of groups are counted, so that those of one millisecond have an order. */
let served = 0

/** The claims of one turn for one lane. */
export class LaneClaims {
  readonly queues: PricedQueue[]
  readonly jobs: ClaimedJob[] = []
  readonly #statements: Statements
  readonly #counters: Counters
  readonly #now: number
  readonly #number: number
  readonly #budgets = new Map<string, KindBudget>()
  /** Queued jobs that it may still claim. */
  #left: number
  #room: number
  /** Room for kinds that hold nothing of the lane. */
  #reserve: number
  /** Whether there may be more that is due, and no room for it. */
  isFull = false
  readonly #hadRoom: boolean
  /** When there would be more to claim; Infinity if the room is what is short. */
  nextDue = Infinity
  /** Whether all that is due has been claimed, so that a new job may start at once. */
  #idle = false

  constructor(
    statements: Statements,
    counters: Counters,
    admission: Admission,
    now: number,
    number: number,
  ) {
    this.queues = admission.queues
    this.#statements = statements
    this.#counters = counters
    this.#now = now
    this.#number = number
    this.#left = admission.most
    this.#room = admission.room + SLACK
    this.#hadRoom = admission.room > 0
    this.#reserve = (admission.reserve ?? 0) + SLACK
    for (const { kind, terms } of admission.queues) {
      if (this.#budgets.has(kind)) continue
      this.#budgets.set(kind, new KindBudget(statements, kind, terms, now))
    }
  }

  /** Whether it has taken all the room that there was: more than that is due, or may be. */
  get isBehind(): boolean {
    return this.isFull && this.#hadRoom
  }

  /** Whether it was cut short by its `most`. */
  get isCut(): boolean {
    return this.#left <= 0
  }

  /** Of several priorities, all are written first: the order of arrival is not that of the runs. */
  begin(): void {
    const priorities = new Set(this.queues.map(({ priority }) => priority))
    if (priorities.size === 1) this.#claimDue()
  }

  /** Whether a job that is not written yet is claimed with its writing; then its room is taken. */
  admits({ kind, runAt, group }: NewJob): boolean {
    if (runAt > this.#now) {
      this.nextDue = Math.min(this.nextDue, runAt)
      return false
    }
    const budget = this.#budgets.get(kind)!
    const grouped = group !== null || budget.terms.groupOf !== undefined
    const idle = this.#idle && !grouped && budget.mayStart(this.#now)
    if (idle && budget.terms.cost <= this.#room) {
      this.#take(budget)
      return true
    }
    // It is written as queued, and what comes after it must not overtake it.
    this.#idle = false
    return false
  }

  finish(): void {
    if (!this.#idle) this.#claimDue()
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

  /** In the order `priority, run_at, id`, with the groups of a kind by turns. */
  #claimDue(): void {
    const priorities = new Set(this.queues.map(({ priority }) => priority).sort(ascending))
    this.isFull = false
    for (const priority of priorities) if (this.#isOpen) this.#claimOf(priority)
    this.#idle = !this.isFull
    this.nextDue = this.isCut ? Infinity : this.#earliest()
  }

  /** Whether any kind may find room. */
  get #isOpen(): boolean {
    if (this.isCut) return false
    return !this.isFull || [...this.#budgets.values()].some((budget) => this.#mayReserve(budget))
  }

  #claimOf(priority: number): void {
    const level = this.queues.filter((queue) => queue.priority === priority)
    let pass: Pass
    do {
      pass = this.#look(level)
      this.#mark(pass.chosen)
    } while (pass.again && this.#isOpen)
  }

  #look(level: PricedQueue[]): Pass {
    const pass: Pass = { chosen: [], again: false, filed: false }
    for (const candidate of this.#candidates(level, pass)) {
      const { budget } = candidate
      if (!budget.mayStart(this.#now)) continue
      const isBeyond = this.isFull || budget.terms.cost > this.#room
      if (this.isCut || (isBeyond && !this.#mayReserve(budget))) {
        // What comes after it must not take the room that it waits for.
        this.isFull = true
        continue
      }
      if (this.#file(candidate)) pass.filed = pass.again = true
      // What comes after a job that was given its group must not overtake it.
      if (pass.filed || !this.#mayStart(candidate, pass)) continue
      this.#left -= 1
      if (isBeyond) this.#takeReserve(budget)
      else this.#take(budget)
      pass.chosen.push(candidate)
    }
    const cheapest = Math.min(...[...this.#budgets.values()].map(({ terms }) => terms.cost))
    if (this.isCut || cheapest > this.#room) this.isFull = true
    return pass
  }

  /** Whether nothing that happens in this turn can make room for the kind. */
  #isClosedTo(budget: KindBudget): boolean {
    return this.isFull && !this.#mayReserve(budget)
  }

  /** Whether its group lets it start. A group that does not is not looked at again before it may. */
  #mayStart({ queue, budget, group }: Candidate, pass: Pass): boolean {
    if (group === undefined) return true
    const of = budget.group(group)
    const free = of.freeAt
    const may = free !== null && free <= this.#now
    if (may) of.take()
    else this.#putOff(queue, group, free)
    pass.again = true
    return may
  }

  /** It costs as much as a claim, and is counted as one. */
  #putOff({ kind, priority }: Queue, group: string, until: number | null): void {
    this.#left -= 1
    this.#statements.serveGroup.run(until, served, kind, group, priority)
  }

  /** Nor is it free to forget a group that is empty. */
  #leave({ kind, priority }: Queue, group: string): void {
    this.#left -= 1
    this.#statements.leaveGroup.run(kind, group, priority)
  }

  /** A job of a kind with groups that was submitted where nobody knew of them gets its group here. */
  #file({ row, queue, budget: { terms }, group: own }: Candidate): boolean {
    if (terms.groupOf === undefined || own !== undefined) return false
    const { kind, priority } = queue
    const group = groupOfRow(terms, row)
    if (group === null) return false
    this.#statements.fileInGroup.run(group, row[ID])
    joinGroup(this.#statements, { kind, group, priority }, row[RUN_AT] as number, this.#now)
    this.#left -= 1
    return true
  }

  /** The first due jobs of one priority: one more than there is room for, if there are so many. */
  #candidates(level: PricedQueue[], pass: Pass): Candidate[] {
    const found: Candidate[] = []
    for (const queue of level) {
      const { kind, priority } = queue
      const budget = this.#budgets.get(kind)!
      if (!budget.mayStart(this.#now) || this.#isClosedTo(budget)) continue
      const room = Math.min(this.#room + this.#reserve, budget.room)
      const limit = Math.min(Math.floor(room / budget.terms.cost), Math.max(0, this.#left)) + 1
      for (const row of this.#statements.due.all(kind, priority, this.#now, limit)) {
        const since = row[RUN_AT] as number
        found.push({ row, queue, budget, group: undefined, since, served: 0 })
      }
      for (const ready of this.#statements.ready.all(kind, priority, this.#now, limit)) {
        const [group, since, served] = ready as [string, number, number]
        const row = this.#head(queue, group)
        if (row === undefined) pass.again = true
        else found.push({ row, queue, budget, group, since, served })
      }
    }
    // One kind's jobs come in order from the index; those of several kinds have to be merged.
    const sorted = level.length === 1 && found.at(-1)?.group === undefined
    return sorted ? found : found.sort(inOrder)
  }

  /** The first job of a group, if it is due: what is known of a group is a lower bound. */
  #head({ kind, priority }: Queue, group: string): Row | undefined {
    const row = this.#statements.groupDue.get(kind, group, priority)
    if (row === undefined) this.#leave({ kind, priority }, group)
    else if ((row[RUN_AT] as number) <= this.#now) return row
    else this.#putOff({ kind, priority }, group, row[RUN_AT] as number)
    return undefined
  }

  #mark(chosen: Candidate[]): void {
    if (chosen.length === 0) return
    const ids = JSON.stringify(chosen.map(({ row }) => row[ID]))
    this.#statements.claim.run(this.#number, this.#now, ids)
    for (const { row, queue, budget, group } of chosen) {
      this.#counters.move('queued', 'running', queue.kind, queue.priority)
      this.jobs.push(claimedNow(row, this.#number))
      if (group !== undefined) this.#serve(queue, group, budget)
    }
  }

  /** The group goes to the end of the round. */
  #serve({ kind, priority }: Queue, group: string, budget: KindBudget): void {
    const head = this.#statements.groupHead.get(kind, group, priority) as number | undefined
    if (head === undefined) {
      this.#statements.leaveGroup.run(kind, group, priority)
      return
    }
    const free = budget.group(group).freeAt
    served += 1
    const ready = free === null ? null : Math.max(head, free, this.#now)
    this.#statements.serveGroup.run(ready, served, kind, group, priority)
  }

  /** When something is due that only time keeps from being claimed. */
  #earliest(): number {
    const times = this.queues.map((queue) => {
      const budget = this.#budgets.get(queue.kind)!
      if (budget.isFull || this.#isClosedTo(budget)) return Infinity
      // Without a token, nobody has looked at the groups that are ready.
      const looked = budget.freeAt > this.#now ? -Infinity : this.#now
      return Math.max(budget.freeAt, earliest(this.#statements, queue, looked))
    })
    return Math.min(...times)
  }
}

function groupOfRow({ groupOf: of }: PricedQueue['terms'], row: Row): string | null {
  try {
    return groupOf(of, JSON.parse(row[PAYLOAD] as string))
  } catch {
    // What its own process could not be told any more: it runs, without a group.
    return null
  }
}

function inOrder(a: Candidate, b: Candidate): number {
  return a.since - b.since || a.served - b.served || Number(a.row[ID]) - Number(b.row[ID])
}

function ascending(a: number, b: number): number {
  return a - b
}

/** When the first job of a queue is due; of a group, when it has its turn after `now`. */
function earliest(statements: QueueStatements, { kind, priority }: Queue, now: number): number {
  const [head, group] = [
    statements.head.get(kind, priority),
    statements.nextReady.get(kind, priority, now),
  ] as (number | undefined)[]
  return Math.min(head ?? Infinity, group ?? Infinity)
}
