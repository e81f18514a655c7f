import { availableParallelism, cpus, totalmem } from 'node:os'
import Database from 'better-sqlite3'

/** The date of a result, the machine, and the versions of Node and SQLite. */
export function surroundings(): { date: string; machine: string; node: string; sqlite: string } {
  const memory = Math.round(totalmem() / 2 ** 30)
  const database = new Database(':memory:')
  try {
    return {
      date: new Date().toISOString(),
      machine: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, ${memory} GiB`,
      node: process.version,
      sqlite: database.prepare<[], string>('SELECT sqlite_version()').pluck().get()!,
    }
  } finally {
    database.close()
  }
}
