import { readFileSync } from 'node:fs'
import type { TimeSources } from './timeline.ts'

/** The clocks of this machine. */
export const machineClocks: TimeSources = {
  wall: () => Date.now(),
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  boot: bootId(),
}

/** Only Linux tells the boot id; elsewhere each process begins with the wall clock's time. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}
