import { FORGOTTEN_AFTER } from '../inspection.ts'
import { HelveError, read } from '../../job/errors.ts'
import type { ClaimedJob } from '../../job/job.ts'
import { OwnerLock } from './owner-lock.ts'
import { claimedBefore } from './rows.ts'
import type { QueueStatements } from './statements/queue.ts'
import type { Transactions } from './transactions.ts'

interface Owner {
  pid: number
  since: number
}

/** Takes and gives back the ownership of a file. Only the owner runs the queue of the file. */
export class Ownership {
  readonly #file: string
  readonly #nativeBinding: string | undefined
  readonly #transactions: Transactions
  readonly #statements: QueueStatements
  #lock: OwnerLock | undefined

  constructor(
    file: string,
    nativeBinding: string | undefined,
    transactions: Transactions,
    statements: QueueStatements,
  ) {
    this.#file = file
    this.#nativeBinding = nativeBinding
    this.#transactions = transactions
    this.#statements = statements
  }

  /**
   * Takes the ownership.
   *
   * @returns the jobs that are `running` although the process that ran them is gone, in the order
   *   of their claims
   */
  async take(now: number, wall: number): Promise<ClaimedJob[]> {
    this.#transactions.check()
    const jobs = this.#acquire(now, wall)
    // The lock keeps out other processes, but not a second copy of SQLite in this process.
    await this.#transactions.soleCopy.look()
    try {
      this.#transactions.check()
      return jobs
    } catch (error) {
      this.giveBack()
      throw error
    }
  }

  #acquire(now: number, wall: number): ClaimedJob[] {
    const lock = OwnerLock.acquire(this.#file, this.#nativeBinding)
    if (lock === undefined) throw this.#taken()
    try {
      const orphans = this.#transactions.repeatable(() => {
        this.#statements.setOwner.run(JSON.stringify({ pid: process.pid, since: wall }))
        // The new owner decides anew which groups may start jobs; no job of a group runs any more.
        this.#statements.freeAll.run({ now })
        this.#statements.freeQueues.run({ now })
        this.#statements.forgetBreakers.run(now - FORGOTTEN_AFTER)
        return this.#statements.running.all()
      })
      // The last owner did not end by itself: whatever ended the owner may have damaged the file.
      if (orphans.length > 0) this.#transactions.read(() => this.#probe())
      this.#lock = lock
      // If somebody replaces the lock file, a second owner could lock the new file. This store then
      // refuses to write.
      this.#transactions.identity.include(lock.path)
      return orphans.map(claimedBefore)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  #probe(): void {
    const found = this.#statements.quickCheck.get()
    if (found === 'ok') return
    const problem = `file: ${this.#file}: it is damaged: ${String(found)}`
    throw new HelveError('HELVE_ERR_STORE_CORRUPT', problem)
  }

  /** The process that says it owns the file; undefined if there is none, or the process is dead. */
  owner(): number | undefined {
    const row = this.#statements.owner.get() as string | undefined
    if (row === undefined) return undefined
    const { pid } = JSON.parse(row) as Owner
    return isAlive(pid) ? pid : undefined
  }

  /** Keeps the ownership until the process ends: nothing releases the lock any more. */
  holdUntilExit(): void {
    this.#lock = undefined
  }

  giveBack(): void {
    if (this.#lock === undefined) return
    // Another copy of SQLite may hold the same lock; a release would drop that copy's lock too.
    if (!this.#transactions.soleCopy.isAlone) return this.holdUntilExit()
    this.#transactions.identity.exclude(this.#lock.path)
    this.#lock.release()
    this.#lock = undefined
  }

  #taken(): HelveError {
    // An owner takes the lock first, and writes its row a moment later.
    const row = this.#transactions.read(() => this.#statements.owner.get()) as string | undefined
    return new HelveError(
      'HELVE_ERR_OWNED',
      `file: expected a queue without an owner, got ${this.#file}, which is owned by ${shown(row)}`,
    )
  }
}

function shown(row: string | undefined): string {
  if (row === undefined) return 'a process that is starting'
  const { pid, since } = JSON.parse(row) as Owner
  return `process ${pid} since ${new Date(since).toISOString()}`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // The process lives, and belongs to another user.
    return read(error, 'code') === 'EPERM'
  }
}
