import { closeSync, openSync, writeSync } from 'node:fs'

/** What a process tells the world, which no power cut takes back. */
type Word = 'ack' | 'start' | 'end' | 'error'

/** Name in the recorded folder, so that the ledger's lines have their place among the changes. */
export const LEDGER = 'ledger'

/** Appends lines to the ledger; a line is there whole, or not at all. */
export class Voice {
  readonly #fd: number

  constructor(file: string) {
    this.#fd = openSync(file, 'a', 0o600)
  }

  say(word: Word, ...rest: unknown[]): void {
    writeSync(this.#fd, `${[word, ...rest].join(' ').replaceAll('\n', ' ')}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** What has been said so far, by all processes one after the other. */
export class Ledger {
  /** By number of an acknowledged submission: the id of its job. */
  readonly acks = new Map<number, number>()
  /** By key: the newest submission with which a run has started. */
  readonly started = new Map<string, number>()
  /** Submissions whose run has ended well. */
  readonly ended = new Set<number>()
  readonly errors: string[] = []

  copy(): Ledger {
    const copy = new Ledger()
    for (const [n, id] of this.acks) copy.acks.set(n, id)
    for (const [key, n] of this.started) copy.started.set(key, n)
    for (const n of this.ended) copy.ended.add(n)
    copy.errors.push(...this.errors)
    return copy
  }

  hear(lines: string): void {
    for (const line of lines.split('\n')) {
      const [word, n, more] = line.split(' ')
      if (word === 'ack') this.acks.set(Number(n), Number(more))
      if (word === 'start') this.start(Number(n), more!)
      if (word === 'end') this.ended.add(Number(n))
      if (word === 'error') this.errors.push(line)
    }
  }

  /** A run starts; the key is `-` for a job without one. */
  start(n: number, key: string): void {
    this.started.set(key, Math.max(n, this.started.get(key) ?? 0))
  }

  /** Forgets submissions that are known to be lost: nobody waits for them any more. */
  forget(lost: Iterable<number>): void {
    for (const n of lost) this.acks.delete(Math.abs(n))
  }
}
