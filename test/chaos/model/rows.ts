import type { Database, Statement } from 'better-sqlite3'
import type { JobState } from '../../../src/job/job.ts'
import type { Failure, Job } from './job.ts'

/** What the file holds of a job. */
export type Row = Omit<Job, 'payload' | 'overrides' | 'token' | Unwritten> & {
  payload: string
  token: number | null
}

type Unwritten = 'isOwn' | 'onThread' | 'cancelled' | 'owed'
type Flag = 'filed' | 'backingOff'

type Stored = Omit<Row, 'errors' | Flag> & { errors: string } & Record<Flag, number>

/** What the file holds of the jobs of one kind and priority together. */
export interface QueueRow extends Record<JobState, number> {
  kind: string
  priority: number
  /** When the queue has to be looked at; null: not before something happens to the queue. */
  readyAt: number | null
}

/** A queued job whose next crash would be its last. */
export type SuspectRow = Pick<Job, 'id' | 'runAt'>

/** Reads the file by statements of its own, whatever way helve reads the file. */
export class Rows {
  readonly #connection: Database
  readonly #all: Statement<[], Stored>
  readonly #queues: Statement<[], QueueRow>
  readonly #suspects: Statement<[], SuspectRow>

  constructor(connection: Database) {
    this.#connection = connection
    this.#all = connection.prepare(`
      SELECT id, kind, payload, dedupe_key AS key, grp AS "group", filed, priority,
        max_attempts AS maxAttempts, state, attempts, crashes, folds, rerun, token, errors,
        run_at AS runAt, wall_at AS wallAt, backing_off AS backingOff, created_at AS createdAt,
        since, started_at AS startedAt, died_at AS diedAt
      FROM helve_jobs ORDER BY id`)
    this.#queues = connection.prepare(`
      SELECT kind, priority, queued, running, dead, ready_at AS readyAt FROM helve_queues`)
    this.#suspects = connection.prepare(`
      SELECT id, run_at AS runAt FROM helve_jobs WHERE state = 'queued' AND crashes >= 2`)
  }

  all(): Row[] {
    return this.#all.all().map((row) => {
      const errors = JSON.parse(row.errors) as Failure[]
      const failures = errors.map(({ name, at, attempt }) => ({ name, at, attempt }))
      const flags = { filed: row.filed === 1, backingOff: row.backingOff === 1 }
      return { ...row, ...flags, errors: failures }
    })
  }

  queues(): QueueRow[] {
    return this.#queues.all()
  }

  suspects(): SuspectRow[] {
    return this.#suspects.all()
  }

  /** Empties the file: it holds no jobs, and no time has passed on its timeline. */
  clear(): void {
    const tables = [
      'helve_jobs',
      'helve_queues',
      'helve_groups',
      'helve_rates',
      'helve_pauses',
      'helve_breakers',
    ]
    const emptied = [...tables, 'sqlite_sequence'].map((table) => `DELETE FROM ${table};`)
    emptied.push(`DELETE FROM helve_meta WHERE key = 'clock';`)
    this.#connection.exec(emptied.join(''))
  }
}
