import type { QueueClock } from '../store/timeline.ts'
import { after } from '../timer.ts'

/** Time as the coordinator sees it; tests pass a clock of their own. */
export interface Clock extends QueueClock {
  /** Milliseconds since some moment, with fractions, on a clock that nobody sets. */
  monotonic(): number
  /** Calls back once after `ms` milliseconds; returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void
  /** Calls back in a later turn of the event loop, after the messages that have already arrived. */
  soon(callback: () => void): void
}

/** The time of a queue, with the timers of this process. */
export function clockOf(queue: QueueClock): Clock {
  return {
    now: () => queue.now(),
    wallOf: (time) => queue.wallOf(time),
    timeOf: (wall) => queue.timeOf(wall),
    monotonic: () => performance.now(),
    after(ms, callback) {
      const timer = after(ms, callback)
      return () => timer.cancel()
    },
    soon: (callback) => void setImmediate(callback),
  }
}
