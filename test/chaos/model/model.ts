import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import * as fc from 'fast-check'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Figures, PartOptions } from '../part.ts'
import { Rows } from './rows.ts'
import { runSequence, sequence } from './sequence.ts'
import { Tally } from './tally.ts'

/** How much a run of this part does. */
export interface ModelOptions extends PartOptions {
  /** Sequences of commands. @default 15000 */
  sequences?: number
  /** Changes each store that has been opened: a test of the model makes the store lie. */
  change?: (store: Store) => void
}

export const about = 'compares the engine with a model, command by command'
export const share = { sequences: 800 }

/** A file system in memory, where there is one: a restart then waits for no disk. */
const MEMORY = '/dev/shm'

/** Runs sequences of commands on the engine, and on a model of what the engine has to do. */
export async function run(options: ModelOptions): Promise<Figures> {
  const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'helve-'))
  const file = join(folder, 'queue.db')
  await (await SqliteStore.open(file)).close()
  const connection = new Database(file)
  try {
    return await compare(options, file, connection)
  } finally {
    connection.close()
    await rm(folder, { recursive: true })
  }
}

async function compare(options: ModelOptions, file: string, connection: Database.Database) {
  const { seed, sequences = 15_000, change = () => {} } = options
  const tally = new Tally()
  const rows = new Rows(connection)
  const property = fc.asyncProperty(sequence, (one) => {
    return runSequence(one, { file, rows, tally, change })
  })
  property.beforeEach(() => rows.clear())
  const found = await fc.check(property, { seed, numRuns: sequences })
  if (found.failed) throw violation(seed, found.numRuns, found.errorInstance as Error)
  return { sequences, ...tally.counts }
}

/** The error of the shortest failing sequence that was found. */
function violation(seed: number, sequence: number, { message, cause }: Error): Error {
  return new Error(`seed ${seed}, sequence ${sequence}: ${message}`, { cause })
}
