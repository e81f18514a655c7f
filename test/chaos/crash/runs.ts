import type { JobRecord } from '../../../src/index.ts'
import type { Entry } from './ledger.ts'
import { violation } from './violation.ts'

/** How far a job had come that a kill found running. */
export type Stage = 'claimed' | 'started' | 'ended'

/** The latest run of a job. */
interface Run {
  entry: Entry
  /** Undefined while it goes on. */
  ended: 'end' | 'failure' | undefined
}

/** What kills at one place have found. */
export interface Hits extends Record<Stage, number> {
  kills: number
  /** Submissions that were written, and had not been acknowledged. */
  unacknowledged: number
}

/** A job that a kill has found running. */
interface Crash {
  row: JobRecord
  stage: Stage
  /** Where it is counted once it runs again. */
  hits: Hits
}

/** I6: every run of a job has its reason, and the attempt that it is to have. */
export class Runs {
  /** By id. */
  readonly #latest = new Map<number, Run>()
  /** By id: those that have not started again since. */
  readonly #crashed = new Map<number, Crash>()
  /** Jobs with runs in the process that runs now. */
  readonly #touched = new Set<number>()

  look(entry: Entry): void {
    if (entry.what === 'start') this.#start(entry)
    else if (entry.what !== 'going') this.#latest.get(entry.id)!.ended = entry.what
  }

  /** A process has been killed, and these jobs are in its file. */
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

  /** Whether a dead job has been charged nothing but crashes, and three of them. */
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

/** What was folded in while it ran, before its process ended or after that, has all attempts. */
function isSameAttempt({ attempts, rerunAt, payload }: JobRecord, { n, attempt }: Entry): boolean {
  const isFolded = rerunAt !== null || n > (payload as { n: number }).n
  return attempt === attempts || (isFolded && attempt === 1)
}

function isRetry(before: Run, { attempt }: Entry): boolean {
  return (before.ended === 'failure' || mayBeKilled(before)) && attempt === before.entry.attempt + 1
}

/** A submission was folded in while it ran. */
function isRerun(before: Run, { key, n, attempt }: Entry): boolean {
  const isOver = before.ended !== undefined || mayBeKilled(before)
  return isOver && key !== '-' && attempt === 1 && n > before.entry.n
}

/** Its time is so short that a busy machine can let any run of it pass it. */
function mayBeKilled({ entry: { kind } }: Run): boolean {
  return kind === 'stubborn'
}
