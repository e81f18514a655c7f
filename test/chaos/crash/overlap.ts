import type { Entry } from './ledger.ts'
import { groupOf } from './submissions.ts'
import { violation } from './violation.ts'

/** I3: watches that no run begins while another of its job, key or group goes on. */
export class Overlap {
  /** Runs that go on, by the job, the key and the group that no other run may have meanwhile. */
  readonly #open = new Map<string, Entry>()

  look(entry: Entry): void {
    for (const name of namesOf(entry)) {
      const open = this.#open.get(name)
      if (entry.what === 'start') {
        if (open?.pid === entry.pid && !mayBeKilled(open)) {
          violation(`two runs of ${name} at a time`, [open, entry])
        }
        this.#open.set(name, entry)
      } else {
        if (open === undefined || !isSame(open, entry)) {
          violation(`a run of ${name} goes on beside another one`, [open, entry])
        }
        if (entry.what !== 'going') this.#open.delete(name)
      }
    }
  }
}

function namesOf({ id, kind, key, n }: Entry): string[] {
  const names = [`job ${id}`]
  if (key !== '-') names.push(`key ${key}`)
  if (kind === 'grouped') names.push(`group ${groupOf({ n })}`)
  return names
}

/** Whether the run's thread may have been killed: the run writes no line after the next start. */
function mayBeKilled({ kind }: Entry): boolean {
  return kind === 'stubborn'
}

function isSame(a: Entry, b: Entry): boolean {
  return a.pid === b.pid && a.id === b.id && a.n === b.n && a.attempt === b.attempt
}
