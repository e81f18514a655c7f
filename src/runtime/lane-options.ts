import { availableParallelism } from 'node:os'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'

/** One lane of worker threads. */
export interface LaneOptions {
  /** The number of threads; below one means one. @default the number of cores, and at least 2 */
  threads?: number
  /**
   * Jobs that each thread runs at once. More than one is for handlers that wait (for the network,
   * say): code that holds up such a thread holds up all of its jobs. @default 1
   */
  concurrency?: number
  /** Heap limit of each thread in MiB. @default Node's own */
  memory?: number
  /**
   * Keeps one extra thread running, for a kind that holds none while all others are taken, and in
   * the place of a thread that has ended. A lane with `concurrency` gets one extra slot of each
   * thread instead.
   * @default true
   */
  spare?: boolean
}

/** The options of a lane, checked, over the defaults. */
export interface CheckedLane {
  readonly threads: number
  readonly concurrency: number
  readonly memory: number | undefined
  readonly spare: boolean
}

const LANE_KEYS = ['threads', 'concurrency', 'memory', 'spare']
const MOST_THREADS = 1_024

/** @throws HelveError `HELVE_ERR_OPTION` for a value that is no number; below one means one */
export function checkThreads(threads: unknown): number {
  const number = checkNumber(threads, 'threads', Number.NEGATIVE_INFINITY, MOST_THREADS)
  return Math.max(1, Math.floor(number))
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkLanes(lanes: Record<string, LaneOptions>): Map<string, CheckedLane> {
  if (typeof lanes !== 'object' || lanes === null) throw badOption('lanes', 'an object', lanes)
  const checked = new Map([['default', checkLane({})]])
  for (const [name, lane] of Object.entries(lanes)) {
    if (name === 'main') throw badOption('lanes', 'names other than "main"', name)
    checked.set(name, checkLane(lane))
  }
  return checked
}

function checkLane(lane: LaneOptions): CheckedLane {
  checkKeys(lane, 'lane', LANE_KEYS)
  const { threads = Math.max(2, availableParallelism()), concurrency = 1, memory } = lane
  const { spare = true } = lane
  return {
    threads: checkThreads(threads),
    concurrency: checkInteger(concurrency, 'concurrency', 1, 10_000),
    memory: memory === undefined ? undefined : checkInteger(memory, 'memory', 8, 1_048_576),
    spare: checkOneOf(spare, 'spare', [true, false]),
  }
}
