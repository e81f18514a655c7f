import assert from 'node:assert/strict'
import type { Job } from './job.ts'

/** Groups of a kind and priority take turns: none has two while another could have had one turn. */
export class Rounds {
  #starts = 0
  /** By group: how many starts there had been when the group had its latest turn. */
  readonly #turns = new Map<string, number>()
  /** By group: how many starts there had been when it began to wait for nothing but a slot. */
  readonly #waiting = new Map<string, number>()

  /** @param ready jobs that wait for nothing but a slot, now that a turn is over */
  look(ready: Job[]): void {
    const groups = new Set(ready.filter(isGrouped).map(nameOf))
    for (const group of this.#waiting.keys()) if (!groups.has(group)) this.#waiting.delete(group)
    for (const group of groups) {
      if (!this.#waiting.has(group)) this.#waiting.set(group, this.#starts)
    }
  }

  /** The group of the job has had its turn, although the job did not start. */
  putOff(job: Job): void {
    this.#waiting.delete(nameOf(job))
  }

  /**
   * @param ready jobs that wait for nothing but a slot, with the job that starts
   * @param isLast whether no other job is queued in its group: the group then leaves the round
   */
  start(job: Job, ready: Job[], isLast: boolean): void {
    const name = nameOf(job)
    const turn = this.#turns.get(name) ?? -1
    for (const other of ready.filter((one) => isGrouped(one) && isRival(one, job))) {
      const since = this.#waiting.get(nameOf(other)) ?? Infinity
      assert.ok(since >= turn, `job ${job.id} is claimed, and it was the turn of job ${other.id}`)
    }
    this.#starts += 1
    this.#waiting.delete(name)
    if (isLast) this.#turns.delete(name)
    else this.#turns.set(name, this.#starts)
  }
}

function isGrouped({ group }: Job): boolean {
  return group !== null
}

function isRival(a: Job, b: Job): boolean {
  return a.kind === b.kind && a.priority === b.priority && a.group !== b.group
}

function nameOf({ kind, group, priority }: Job): string {
  return `${kind} ${group} ${priority}`
}
