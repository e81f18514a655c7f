import type { Database, Statement } from 'better-sqlite3'
import type { Failure, Job } from './job.ts'

/** What is written of a job. */
export type Row = Omit<Job, 'payload' | 'overrides' | 'token' | Unwritten> & {
  payload: string
  token: number | null
}

type Unwritten = 'isOwn' | 'onThread' | 'cancelled' | 'owed'

type Stored = Omit<Row, 'errors' | 'rerun'> & { errors: string; rerun: number }

/** The file, read by somebody who does not know how helve reads it. */
export class Rows {
  readonly #connection: Database
  readonly #all: Statement<[], Stored>

  constructor(connection: Database) {
    this.#connection = connection
    this.#all = connection.prepare(`
      SELECT id, kind, payload, dedupe_key AS key, grp AS "group", priority,
        max_attempts AS maxAttempts, state, attempts, crashes, folds, rerun, token, errors,
        run_at AS runAt, created_at AS createdAt, started_at AS startedAt, died_at AS diedAt
      FROM helve_jobs ORDER BY id`)
  }

  all(): Row[] {
    return this.#all.all().map((row) => {
      const errors = JSON.parse(row.errors) as Failure[]
      const failures = errors.map(({ name, at, attempt }) => ({ name, at, attempt }))
      return { ...row, rerun: row.rerun === 1, errors: failures }
    })
  }

  clear(): void {
    const tables = ['helve_jobs', 'helve_queues', 'helve_groups', 'helve_rates', 'helve_pauses']
    const emptied = [...tables, 'sqlite_sequence'].map((table) => `DELETE FROM ${table};`)
    this.#connection.exec(emptied.join(''))
  }
}
