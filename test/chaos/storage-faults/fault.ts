import type { HelveErrorCode } from '../../../src/index.ts'
import type { Host } from './host.ts'
import type { Orders } from './orders.ts'
import type { Place, Scene } from './scene.ts'

/** Something that happens to the file of a queue. */
export interface Fault {
  name: string
  /** The code by which the fault is told; undefined when nobody has to hear of the fault. */
  code: HelveErrorCode | undefined
  /** A further code that may be told as a consequence. */
  also?: HelveErrorCode
  /** Whether the fault meets a process at work, or a process that starts. */
  meets: 'work' | 'start'
  /** Whether work goes on by itself after the fault, or the process has to be started anew. */
  then: 'goes on' | 'restart'
  /** Whether nothing at all can be acknowledged during the fault. */
  silences: boolean
  /** Where the queue is. */
  place: Place
  /** Whether a file that may not grow does the same as a full disk. */
  byPages?: boolean
  /** What the process does before the fault. */
  load: Load
  /** Milliseconds for which the fault lasts, after somebody has heard of it. */
  lasts: number
  inflict(scene: Scene, host: Host): Promise<unknown>
  heal(scene: Scene, host: Host): Promise<unknown>
}

type Load = Pick<Orders, 'produces' | 'runs' | 'ends'>

/** Jobs are enqueued, run and end. */
export const AT_WORK: Load = { produces: true, runs: true, ends: true }

/** What most faults that meet a process at work have in common. */
export const MEETS_WORK = {
  ...({ meets: 'work', then: 'goes on', silences: false, place: 'large disk' } as const),
  ...{ load: AT_WORK, lasts: 1_500 },
}

/** What most faults that meet a process at its start have in common. */
export const MEETS_START = {
  ...({ meets: 'start', then: 'restart', silences: false, place: 'large disk' } as const),
  ...{ load: AT_WORK, lasts: 0 },
}

/** The path to which a file or a folder is put aside. */
export const aside = (path: string): string => `${path}.aside`
