import * as fc from 'fast-check'
import { pass, takeTurns } from '../both.ts'
import { command, nothing } from './command.ts'

const HOUR = 3_600_000
const YEAR = 366 * 24 * HOUR

export const turn = command('turn', {
  args: nothing,
  does: takeTurns,
})

export const wait = command('wait', {
  args: fc.constantFrom(1, 10, 25, 60, 300, 2_000),
  does: pass,
})

/** Waits until time lets a job start. */
export const waitForNext = command('waitForNext', {
  args: nothing,
  of: (queue) => {
    const soonest = queue.nextStart()
    return soonest > queue.now && soonest - queue.now < HOUR ? soonest : undefined
  },
  does: (both, _, soonest) => pass(both, soonest - both.queue.now),
})

/**
 * Somebody sets the wall clock. After a step back something wakes the coordinator at once; after a
 * step forward nothing happens before the next look at an idle queue.
 */
export const setClock = command('setClock', {
  args: fc.constantFrom(-6_000, -HOUR, -YEAR, 6_000, HOUR, YEAR),
  of: (queue) => (queue.isClaiming ? queue : undefined),
  does: async (both, ms) => {
    const { clock, coordinator } = both.engine
    clock.step(ms)
    if (ms < 0) coordinator.wake()
    await takeTurns(both)
    if (ms > 0) await pass(both, clock.waits[0]!)
    both.queue.tally.saw(ms > 0 ? 'the clock was set forward' : 'the clock was set back')
  },
})
