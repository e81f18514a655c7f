import type { HelveErrorCode } from '../../../src/index.ts'
import type { Host } from './host.ts'
import type { Orders } from './orders.ts'
import type { Place, Scene } from './scene.ts'

/** Something that happens to the file of a queue. */
export interface Fault {
  name: string
  /** What it is told as; undefined when nobody has to hear of it. */
  code: HelveErrorCode | undefined
  /** What may be told besides, as a consequence. */
  also?: HelveErrorCode
  /** Whether it meets a process at work, or one that starts. */
  meets: 'work' | 'start'
  /** Whether work goes on by itself once it is over, or the process has to be started anew. */
  then: 'goes on' | 'restart'
  /** Whether nothing at all can be acknowledged meanwhile. */
  silences: boolean
  /** Where the queue is. */
  place: Place
  /** Whether a file that may not grow does the same as a full disk. */
  byPages?: boolean
  /** What the process does before. */
  load: Load
  /** Milliseconds for which it lasts, after it has been heard of. */
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

/** And those that meet one that starts. */
export const MEETS_START = {
  ...({ meets: 'start', then: 'restart', silences: false, place: 'large disk' } as const),
  ...{ load: AT_WORK, lasts: 0 },
}

/** The name of what is put aside. */
export const aside = (path: string): string => `${path}.aside`
