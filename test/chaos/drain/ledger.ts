import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a process and its threads write down, in the order of time. */
type Word = 'ack' | 'end' | 'failure' | 'child' | 'error' | 'waited'

/** Appends a line to the ledger; the line is there whole, or not at all. */
export function say(folder: string, word: Word, ...rest: unknown[]): void {
  appendFileSync(join(folder, 'ledger'), `${[word, ...rest].join(' ')}\n`)
}

/** What a process and its threads have written down in a folder. */
export class Ledger {
  /** Jobs that were acknowledged, and jobs of which a run has ended well. */
  readonly acks = new Set<number>()
  readonly ended = new Set<number>()
  /** By job: how often the job has failed by its own doing. */
  readonly failures = new Map<number, number>()
  /** Processes of handlers, by the pid of their group's leader. */
  readonly children = new Map<number, number[]>()
  readonly errors: string[] = []
  /** Milliseconds for which the process, while ending, waited for a free core. */
  waited = 0

  static read(folder: string): Ledger {
    const ledger = new Ledger()
    const text = readFileSync(join(folder, 'ledger'), { encoding: 'utf8', flag: 'a+' })
    for (const line of text.split('\n')) ledger.#hear(line)
    return ledger
  }

  #hear(line: string): void {
    const [word, ...rest] = line.split(' ')
    const [first = 0, ...others] = rest.map(Number)
    if (word === 'ack') this.acks.add(first)
    if (word === 'end') this.ended.add(first)
    if (word === 'failure') this.failures.set(first, (this.failures.get(first) ?? 0) + 1)
    if (word === 'child') this.children.set(first, others)
    if (word === 'waited') this.waited = first
    if (word === 'error') this.errors.push(line)
  }
}
