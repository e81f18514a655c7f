import type { CheckResult, JobState } from '../../../src/index.ts'

// What the process under load tells the one that judges it, a line of JSON at a time.

/** How it stands at a moment. Sizes in bytes. */
export interface Sample {
  /** Jobs that have completed or died so far. */
  jobs: number
  rss: number
  /** Of the main thread, after a full collection: not in every sample. */
  heap?: number
  /** Open file descriptors. */
  files: number
  threads: number
  wal: number
  file: number
  /** For how long the event loop was held up, in milliseconds since the last sample. */
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
  /** Completed, and gone. */
  completed: number
  /** Completed, and queued once more for what was folded in. */
  reruns: number
  retries: number
  lost: number
  snoozed: number
  dead: number
  cancelled: number
  /** Dead ones that were queued again, and that were deleted. */
  revived: number
  removed: number
  threadsEnded: number
  /** That handlers have started. */
  processes: number
  /** Turns that had to wait, as they may: on a slow disk, until the log has been cut off. */
  putOff: number
}

/** How it has ended. */
export interface End {
  counted: Counted
  /** How often something was done to the queue, by name. */
  disturbances: Record<string, number>
  /** What the file says there is, by state. */
  rows: Record<JobState, number>
  check: CheckResult
  /** What must not happen. */
  unexpected: string[]
  /** Of processor time. */
  cpuSeconds: number
  seconds: number
}

export type Line = { sample: Sample } | { end: End }

export function tell(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
