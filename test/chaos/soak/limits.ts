import assert from 'node:assert/strict'
import type { Figures } from '../part.ts'
import type { Sample } from './report.ts'

const MiB = 1_048_576

/** The share of a part: the first part is the warm-up, the second part is compared to the last. */
const PART = 1 / 5

/** The samples after the warm-up. */
interface Course {
  all: Sample[]
  early: Sample[]
  late: Sample[]
}

/** A limit that must not be exceeded, with its unit in its name. */
interface Limit {
  name: string
  most: number
  of(course: Course): number
}

type Measure = (sample: Sample) => number | undefined

/** Limits that depend on the length of the load, and on what runs beside; Infinity: not judged. */
export interface OwnLimits {
  /** Bytes of heap that a job may leave. */
  heap: number
  /** Milliseconds of event-loop delay. */
  delay: number
  /** Factor of the other limits: medians of a short run are still up to chance. */
  slack: number
}

const LIMITS: Limit[] = [
  { name: 'MiB of memory of the process, grown', most: 64, of: grown(({ rss }) => rss / MiB) },
  // When one of several connections is closed, SQLite keeps its file open for the next connection.
  { name: 'open files, grown', most: 8, of: grown(({ files }) => files) },
  { name: 'open files, most', most: 100, of: most(({ files }) => files) },
  { name: 'threads, grown', most: 1, of: grown(({ threads }) => threads) },
  { name: 'threads, most', most: 32, of: most(({ threads }) => threads) },
  { name: 'MiB of the log, most', most: 64, of: most(({ wal }) => wal / MiB) },
  { name: 'MiB of the log, at the end', most: 17, of: ({ late }) => late.at(-1)!.wal / MiB },
  { name: 'MiB of the file, grown', most: 8, of: grown(({ file }) => file / MiB) },
]

/**
 * Compares samples with the limits. The names of the figures contain the limits.
 *
 * @throws where a limit is exceeded, naming all limits that are
 */
export function judgeSamples(samples: Sample[], own: OwnLimits): Figures {
  const course = courseOf(samples)
  const figures: Figures = {}
  const exceeded: string[] = []
  const limits = LIMITS.map((limit) => ({ ...limit, most: own.slack * limit.most }))
  const judged = [...limits, ...limitsOf(own)].filter(({ most }) => most !== Infinity)
  for (const { name, most, of } of judged) {
    const value = Math.round(of(course) * 10) / 10
    // A value that cannot be measured is NaN, and exceeds its limit as well.
    if (!(value <= most)) exceeded.push(`${name}: expected at most ${most}, got ${value}`)
    figures[`${name} (at most ${most})`] = value
  }
  assert.ok(exceeded.length === 0, exceeded.join('; '))
  return figures
}

function courseOf(samples: Sample[]): Course {
  const part = Math.floor(samples.length * PART)
  assert.ok(part > 0, `expected samples for ${1 / PART} windows, got ${samples.length}`)
  return {
    all: samples.slice(part),
    early: samples.slice(part, 2 * part),
    late: samples.slice(-part),
  }
}

/** Compares medians: chance would decide about single samples. */
function grown(measure: Measure): Limit['of'] {
  return ({ early, late }) => median(late, measure) - median(early, measure)
}

function most(measure: Measure): Limit['of'] {
  return ({ all }) => Math.max(...all.map((sample) => measure(sample)!))
}

function heapPerJob(course: Course): number {
  return grown(({ heap }) => heap)(course) / grown(({ jobs }) => jobs)(course)
}

function limitsOf({ heap, delay }: OwnLimits): Limit[] {
  const held = ({ all }: Course): number => median(all, (sample) => sample.delay.p99)
  return [
    { name: 'bytes of heap per job, grown', most: heap, of: heapPerJob },
    { name: 'ms of event-loop delay, median of the p99 of each second', most: delay, of: held },
  ]
}

function median(samples: Sample[], measure: Measure): number {
  const values = samples.map(measure).filter((value) => value !== undefined)
  values.sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}
