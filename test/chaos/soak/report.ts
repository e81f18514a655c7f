import type { CheckResult, JobState } from '../../../src/index.ts'

// What the process under load tells the process that judges it, a line of JSON at a time.

/** How the process stands at one time. Sizes are in bytes. */
export interface Sample {
  /** Jobs that have completed or died so far. */
  jobs: number
  rss: number
  /** Heap of the main thread, after a full collection: not in every sample. */
  heap?: number
  /** Open file descriptors. */
  files: number
  threads: number
  wal: number
  file: number
  /** For how many milliseconds at a time the event loop was held up since the last sample. */
  delay: { p99: number; max: number }
}

/** What has happened to jobs. */
export interface Counted {
  /** New jobs of the producer. */
  acknowledged: number
  /** New jobs that handlers say they have enqueued. */
  followUps: number
  /** New jobs that events tell of. */
  created: number
  folded: number
  /** Jobs that completed, and are gone. */
  completed: number
  /** Jobs that completed, and were queued once more for submissions folded in. */
  reruns: number
  retries: number
  lost: number
  snoozed: number
  dead: number
  cancelled: number
  /** Dead jobs that were queued again, and dead jobs that were deleted. */
  revived: number
  removed: number
  threadsEnded: number
  /** Processes that handlers have started. */
  processes: number
  /** Turns that had to wait, as turns may on a slow disk, until the log has been cut off. */
  putOff: number
}

/** How the process has ended. */
export interface End {
  counted: Counted
  /** How often each disturbance has happened, by name. */
  disturbances: Record<string, number>
  /** The jobs in the file, by state. */
  rows: Record<JobState, number>
  check: CheckResult
  /** Events that must not happen. */
  unexpected: string[]
  /** Seconds of processor time. */
  cpuSeconds: number
  seconds: number
}

export type Line = { sample: Sample } | { end: End }

export function tell(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
