import type { JobRecord } from '../../../src/index.ts'
import type { Entry } from './ledger.ts'
import { violation } from './violation.ts'

/** How far a job had come when a kill found it running. */
export type Stage = 'claimed' | 'started' | 'ended'

/** The latest run of a job. */
interface Run {
  entry: Entry
  /** Undefined while the run goes on. */
  ended: 'end' | 'failure' | undefined
}

/** What kills at one place have found. */
export interface Hits extends Record<Stage, number> {
  kills: number
  /** Submissions that were written, but not acknowledged. */
  unacknowledged: number
}

/** A job that a kill has found running. */
interface Crash {
  row: JobRecord
  stage: Stage
  /** The hits that count the job once it runs again. */
  hits: Hits
}

/** I6: checks that every run of a job has a reason and the right attempt. */
export class Runs {
  /** The latest run of each job, by id. */
  readonly #latest = new Map<number, Run>()
  /** By id: crashed jobs that have not started again since. */
  readonly #crashed = new Map<number, Crash>()
  /** Jobs with runs in the process that runs now. */
  readonly #touched = new Set<number>()

  look(entry: Entry): void {
    if (entry.what === 'start') this.#start(entry)
    else if (entry.what !== 'going') this.#latest.get(entry.id)!.ended = entry.what
  }

  /** Judges a process that has been killed; `rows` are the jobs in its file. */
  kill(rows: Map<number, JobRecord>, hits: Hits): void {
    for (const id of this.#touched) {
      const run = this.#latest.get(id)!
      const isOn = rows.get(id)?.state === 'running'
      if (run.ended === undefined && !isOn && !mayBeKilled(run)) {
        violation('a run has begun whose claim is not on disk', [run.entry, rows.get(id)])
      }
    }
    for (const row of rows.values()) if (row.state === 'running') this.#crash(row, hits)
    this.#touched.clear()
  }

  /** Whether a dead job has been charged three crashes, and nothing else. */
  isLost({ id, attempts, crashes }: JobRecord): boolean {
    return crashes === 3 && attempts === (this.#crashed.get(id)?.row.attempts ?? 0) - 1
  }

  #crash(row: JobRecord, hits: Hits): void {
    const before = this.#crashed.get(row.id)
    if (before?.row.startedAt === row.startedAt) {
      violation('a job has been running since before its process started', row)
    }
    const run = this.#touched.has(row.id) ? this.#latest.get(row.id) : undefined
    const isOf = run?.entry.attempt === row.attempts
    const stage = !isOf ? 'claimed' : run.ended === undefined ? 'started' : 'ended'
    this.#crashed.set(row.id, { row, stage, hits })
  }

  #start(entry: Entry): void {
    const { id, attempt } = entry
    const crash = this.#crashed.get(id)
    const before = this.#latest.get(id)
    if (crash !== undefined) {
      if (!isSameAttempt(crash.row, entry)) violation('a crash has cost an attempt', [crash, entry])
      crash.hits[crash.stage] += 1
      this.#crashed.delete(id)
    } else if (before === undefined) {
      if (attempt !== 1) violation('a first run is not the first attempt', entry)
    } else if (!isRetry(before, entry) && !isRerun(before, entry)) {
      violation('a job ran again without a reason', [before, entry])
    }
    this.#latest.set(id, { entry, ended: undefined })
    this.#touched.add(id)
  }
}

/**
 * Whether a run after a crash is the attempt that crashed. A submission that was folded in while
 * the job was running, before its process ended or after that, has all attempts.
 */
function isSameAttempt({ attempts, rerunAt, payload }: JobRecord, { n, attempt }: Entry): boolean {
  const isFolded = rerunAt !== null || n > (payload as { n: number }).n
  return attempt === attempts || (isFolded && attempt === 1)
}

function isRetry(before: Run, { attempt }: Entry): boolean {
  return (before.ended === 'failure' || mayBeKilled(before)) && attempt === before.entry.attempt + 1
}

/** Whether the job runs again for a submission that folded in while the job ran. */
function isRerun(before: Run, { key, n, attempt }: Entry): boolean {
  const isOver = before.ended !== undefined || mayBeKilled(before)
  return isOver && key !== '-' && attempt === 1 && n > before.entry.n
}

/** The timeout of `stubborn` is so short that on a busy machine any run may exceed it. */
function mayBeKilled({ entry: { kind } }: Run): boolean {
  return kind === 'stubborn'
}
