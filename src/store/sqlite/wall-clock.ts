import { readFileSync } from 'node:fs'
import { Timeline, type Anchor, type TimeSources } from '../timeline.ts'
import type { QueueStatements } from './statements/queue.ts'

/** The clocks of this machine. */
export const machineClocks: TimeSources = {
  wall: () => Date.now(),
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  boot: bootId(),
}

/** Only Linux tells; elsewhere each process begins with what the wall clock says. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}

/** The timeline that the file has kept. */
export function openTimeline(statements: QueueStatements, sources: TimeSources): Timeline {
  const kept = statements.clock.get() as string | undefined
  return new Timeline(sources, kept === undefined ? undefined : (JSON.parse(kept) as Anchor))
}
