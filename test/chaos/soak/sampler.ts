import { readdirSync, statSync } from 'node:fs'
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import { tell, type Sample } from './report.ts'
import type { Tally } from './tally.ts'
import { ticks } from './ticks.ts'

/** Milliseconds between two samples. */
const EVERY = 1_000
/** Every `HEAP_EVERY`th sample is of the heap as well. */
const HEAP_EVERY = 5
/** Milliseconds between two looks at how late the event loop is. */
const RESOLUTION = 2

/** Tells how this process stands, again and again until `signal` aborts. */
export async function sample(file: string, tally: Tally, signal: AbortSignal): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()
  let n = 0
  for await (const _ of ticks(EVERY, signal)) {
    const line = { ...standing(file, tally), delay: delayOf(delay) }
    tell({ sample: n % HEAP_EVERY === 0 ? { ...line, heap: heap() } : line })
    // The delay by the sample itself does not count.
    delay.reset()
    n += 1
  }
  delay.disable()
}

function standing(file: string, { jobs }: Tally): Omit<Sample, 'delay'> {
  return {
    jobs,
    rss: process.memoryUsage.rss(),
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    wal: sizeOf(`${file}-wal`),
    file: sizeOf(file),
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** The histogram has the time between two looks, of which `RESOLUTION` is no delay. */
function delayOf(histogram: IntervalHistogram): Sample['delay'] {
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION)
  return { p99: late(histogram.percentile(99)), max: late(histogram.max) }
}

function heap(): number {
  globalThis.gc!()
  return process.memoryUsage().heapUsed
}
