import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { Job } from '../../../src/index.ts'
import type { Payload } from './submissions.ts'

/**
 * What a run writes down. `going`: the run does not end, and its thread still lives. `failure`: the
 * run is about to fail by its own doing.
 */
export type What = 'start' | 'going' | 'end' | 'failure'

/** One line of the file that handlers write to. */
export interface Entry {
  what: What
  pid: number
  id: number
  kind: string
  /** `-` for a job without a key. */
  key: string
  n: number
  attempt: number
}

/** Writes runs down, from any thread of any process. */
export class Pen {
  readonly #fd: number

  constructor(file: string) {
    this.#fd = openSync(file, 'a', 0o600)
  }

  /** Appends a line by one write to the file: the line is there whole, or not at all. */
  write(what: What, { id, kind, dedupeKey, payload, attempt }: Job<Payload>): void {
    const fields = [what, process.pid, id, kind, dedupeKey ?? '-', payload.n, attempt]
    writeSync(this.#fd, `${fields.join(' ')}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Reads the entries that have been written down since the last read. */
export class Ledger {
  readonly file: string
  readonly #fd: number
  #read = 0

  constructor(file: string) {
    this.file = file
    this.#fd = openSync(file, 'a+', 0o600)
  }

  news(): Entry[] {
    const buffer = Buffer.alloc(fstatSync(this.#fd).size - this.#read)
    this.#read += readSync(this.#fd, buffer, 0, buffer.length, this.#read)
    return parseEntries(buffer.toString())
  }

  close(): void {
    closeSync(this.#fd)
  }
}

export function parseEntries(text: string): Entry[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [what, pid, id, kind, key, n, attempt] = line.split(' ')
    return {
      ...{ what: what as What, pid: Number(pid), id: Number(id), kind: kind!, key: key! },
      ...{ n: Number(n), attempt: Number(attempt) },
    }
  })
}
