import type { ClaimedJob } from '../job/job.ts'
import type { Assignment } from './assignment.ts'
import type { WorkerThread } from './worker-thread.ts'

/** The threads of a lane: its own, and leaving threads, which finish their jobs and then end. */
export class LaneThreads<T extends WorkerThread> {
  readonly own: T[] = []
  readonly leaving = new Set<T>()

  /** Why none of the lane's own threads can be started; otherwise undefined. */
  get problem(): string | undefined {
    const problems = this.own.map((thread) => thread.problem)
    return problems.every((problem) => problem !== undefined) ? problems[0] : undefined
  }

  /** The error behind {@link problem}, if one is known. */
  get cause(): unknown {
    return this.problem === undefined ? undefined : this.own[0]?.cause
  }

  /** Resolves once each of the lane's own threads is up, or could not be started. */
  async ready(): Promise<void> {
    await Promise.all(this.own.map((thread) => thread.ready()))
  }

  /** Whether one of the lane's own is being started, or started again. */
  get isStarting(): boolean {
    return this.own.some(({ isBeingReplaced }) => isBeingReplaced)
  }

  all(): T[] {
    return [...this.own, ...this.leaving]
  }

  /** What a kind holds of all threads. */
  held(kind: string): number {
    let held = 0
    for (const thread of this.own) held += thread.held(kind)
    for (const thread of this.leaving) held += thread.held(kind)
    return held
  }

  /** Threads that have jobs of a kind. */
  holders(kind: string): number {
    let holders = 0
    for (const thread of this.own) if (thread.held(kind) > 0) holders += 1
    for (const thread of this.leaving) if (thread.held(kind) > 0) holders += 1
    return holders
  }

  /** Sets the number of the lane's own threads. Idle threads leave first. */
  resize(threads: number, make: () => T): void {
    while (this.own.length < threads) this.own.push(make())
    const order = this.own.toSorted((a, b) => b.batches - a.batches)
    for (const thread of order.slice(threads)) {
      this.own.splice(this.own.indexOf(thread), 1)
      this.leaving.add(thread)
      this.leave(thread)
    }
  }

  /** Ends a thread that is not one of the lane's own. False while the thread has jobs. */
  leave(thread: T): boolean {
    if (thread.batches > 0 || this.own.includes(thread)) return false
    void thread.close().then(() => this.leaving.delete(thread))
    return true
  }

  /** Ends one job. */
  end(job: ClaimedJob): void {
    this.all().some((thread) => thread.end(job))
  }

  /** Takes back all jobs that no thread has started. */
  revoke(): Assignment[] {
    return this.all().flatMap((thread) => thread.revoke())
  }

  interrupt(isLast: boolean): void {
    for (const thread of this.all()) thread.interrupt(isLast)
  }

  /** Ends all threads. Resolves to whether all have exited. */
  async close(): Promise<boolean> {
    const exited = await Promise.all(this.all().map((thread) => thread.close()))
    return exited.every(Boolean)
  }
}
