import { readFileSync } from 'node:fs'

/** Milliseconds for which the main thread has waited for a core so far, where the system tells. */
export function runDelay(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
