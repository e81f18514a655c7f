import type { HelveError } from '../../../src/job/errors.ts'
import type { EnqueueResult, NewJob } from '../../../src/job/job.ts'
import { NEVER } from '../../../src/job/limits.ts'
import type { Pause } from '../../../src/job/pause.ts'
import type { ClaimSource } from '../../../src/store/claiming/source.ts'
import type { TurnClaims } from '../../../src/store/claiming/turn-claims.ts'
import type { Command, CommandResult } from '../../../src/store/command.ts'
import { doApart, settleApart, type Apart } from '../../../src/store/rules/set-aside.ts'
import type { QueueClock } from '../../../src/store/timeline.ts'
import type { Settle, SettleResult } from '../../../src/store/turn.ts'
import type { TurnSteps } from '../../../src/store/rules/turn-steps.ts'
import { checkDelivery } from '../../../src/job/delivery.ts'
import { join } from './bounds.ts'
import { MemoryClaimSource } from './claim-source.ts'
import { execute } from './commands.ts'
import { enqueue, write, type Writing, type Written } from './enqueue.ts'
import type { Row } from './row.ts'
import { complete, setAside, settle } from './settle.ts'
import type { Tables } from './tables.ts'

/** The steps of one turn in memory. */
export class MemorySteps implements TurnSteps, Apart<Writing> {
  readonly isCareful: boolean
  readonly #writing: Writing
  readonly #tables: Tables
  readonly #clock: QueueClock
  commandBytes = 0

  constructor(tables: Tables, clock: QueueClock, now: number, isCareful: boolean) {
    this.#tables = tables
    this.#clock = clock
    this.#writing = { tables, now, wall: clock.wallOf(now) }
    this.isCareful = isCareful
  }

  promote(limit: number): number {
    const { now, wall } = this.#writing
    const rows = this.#waitingForWall().filter(({ wallAt }) => wallAt! <= wall)
    for (const row of rows.slice(0, limit)) {
      const runAt = Math.min(row.runAt, now - (wall - row.wallAt!))
      join(this.#tables, this.#tables.change(row, { runAt, wallAt: null }), runAt, now)
    }
    return Math.min(rows.length, limit)
  }

  complete(settles: readonly Settle[]): Set<Settle> {
    return new Set(settles.filter((one) => complete(this.#writing, one)))
  }

  settle(one: Settle): SettleResult | undefined {
    const body = (): SettleResult | undefined => this.#settle(one)
    return settleApart(this, one, body, (reason) => setAside(this.#writing, one, reason))
  }

  #settle(one: Settle): SettleResult | undefined {
    const settled = settle(this.#writing, one)
    if (settled === undefined) return undefined
    const sent = one.deliveries.map((record) => {
      checkDelivery(record)
      return { ...record, at: this.#clock.timeOf(record.at) }
    })
    this.#tables.deliveries = [...this.#tables.deliveries, ...sent]
    return settled
  }

  execute(command: Command): CommandResult | HelveError {
    const row = 'id' in command ? this.#tables.jobs.get(command.id) : undefined
    this.commandBytes += row?.payload.length ?? 0
    return doApart(this, (writing) => execute(writing, command))
  }

  enqueue(jobs: readonly NewJob[]): Written[] {
    return jobs.map((job) => doApart(this, (writing) => enqueue(writing, job)))
  }

  pauses(): readonly Pause[] {
    return this.#tables.pauses
  }

  source(claim: number): ClaimSource {
    return new MemoryClaimSource(this.#tables, this.#writing.now, claim)
  }

  write(jobs: readonly NewJob[], claims: TurnClaims, claim: number): EnqueueResult[] {
    return jobs.map((job) => write(this.#writing, job, claims, claim))
  }

  nextDue(): number {
    const { now } = this.#writing
    const bounds = [...this.#tables.queues.values()].map(({ readyAt }) => readyAt ?? NEVER)
    const next = Math.min(...bounds.filter((readyAt) => readyAt > now && readyAt < NEVER))
    const wallAt = this.#waitingForWall()[0]?.wallAt ?? Infinity
    return Math.min(next, Math.max(now, this.#clock.timeOf(wallAt)))
  }

  part<T>(body: (writing: Writing) => T): T {
    return this.#tables.atomically(() => body(this.#writing))
  }

  /** Memory does not fail. */
  isOfTheStore(): boolean {
    return false
  }

  isOfAValue(error: unknown): boolean {
    return error instanceof TypeError
  }

  /** Jobs that the wall clock makes due, the next one first. */
  #waitingForWall(): Row[] {
    const rows = this.#tables.in('queued').filter(({ wallAt }) => wallAt !== null)
    return rows.sort((a, b) => a.wallAt! - b.wallAt!)
  }
}
