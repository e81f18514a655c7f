import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures, PartOptions } from '../part.ts'
import { judgeEnd } from './balance.ts'
import { runHost } from './host-process.ts'
import { judgeSamples } from './limits.ts'
import { endedIn } from './processes.ts'
import type { End, Sample } from './report.ts'

/** How much a run of this part does. */
export interface SoakOptions extends PartOptions {
  /** Seconds for which the load goes on. @default 600 */
  seconds?: number
  /** Bytes of heap that a job may leave: less than the smallest thing that could leak. @default 16 */
  heap?: number
  /** Milliseconds of event-loop delay; not to be asserted beside other tests. @default 25 */
  delay?: number
  /** Factor of the other limits, for a run that is short. @default 1 */
  slack?: number
}

export const about = 'runs a mixed load for long, and measures what grows'
// A run so short warms up all the time: only a long run can show leaks.
export const share = { seconds: 12, heap: Infinity, delay: Infinity, slack: 3 }
export const beside = true

/** Checks that what a process under a mixed load takes of the machine stays within limits. */
export async function run(options: SoakOptions): Promise<Figures> {
  const { seed, seconds = 600, heap = 16, delay = 25, slack = 1 } = options
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  try {
    const told = await runHost(folder, seed, seconds)
    await endedIn(folder)
    assert.deepEqual(told.exit, [0, null], 'how the process has exited')
    assert.ok(told.end, 'the process was to tell how it has ended')
    judgeEnd(told.end)
    return {
      ...figures(told.samples, told.end),
      ...judgeSamples(told.samples, { heap, delay, slack }),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function figures(samples: Sample[], end: End): Figures {
  const { counted, disturbances } = end
  const last = samples.at(-1)!
  return {
    'jobs accepted': counted.created,
    'jobs completed': counted.completed,
    'submissions folded into others': counted.folded,
    'runs that failed, and were retried': counted.retries,
    'runs that were lost with their thread': counted.lost,
    'jobs dead': counted.dead,
    'jobs cancelled': counted.cancelled,
    'threads ended': counted.threadsEnded,
    'processes of handlers, all ended': counted.processes,
    'turns put off while the file was busy': counted.putOff,
    ...disturbances,
    '% of a core that it took': Math.round((100 * end.cpuSeconds) / end.seconds),
    'MiB of memory of the process, at the end': Math.round(last.rss / 1_048_576),
    'ms of event-loop delay, most': Math.round(Math.max(...samples.map(({ delay }) => delay.max))),
  }
}
