import * as fc from 'fast-check'
import { pass, takeTurns } from '../both.ts'
import { command, nothing } from './command.ts'

const HOUR = 3_600_000

export const turn = command('turn', {
  args: nothing,
  does: takeTurns,
})

export const wait = command('wait', {
  args: fc.constantFrom(1, 10, 25, 60, 300, 2_000),
  does: pass,
})

/** Until time lets something start. */
export const waitForNext = command('waitForNext', {
  args: nothing,
  of: (queue) => {
    const soonest = Math.min(...queue.all('queued').map((job) => queue.startsAt(job)))
    return soonest > queue.now && soonest - queue.now < HOUR ? soonest : undefined
  },
  does: (both, _, soonest) => pass(both, soonest - both.queue.now),
})

/** Somebody sets the clock, and something happens at once, or nothing but an idle queue's look. */
export const setClock = command('setClock', {
  args: fc.constantFrom(-6_000, -HOUR, 6_000, HOUR),
  of: (queue) => (queue.isClaiming ? queue : undefined),
  does: async (both, ms) => {
    const { clock, coordinator } = both.engine
    await takeTurns(both)
    clock.step(ms)
    if (ms < 0) coordinator.wake()
    else await clock.advance(clock.waits[0]!)
    await takeTurns(both)
    both.queue.tally.saw(ms > 0 ? 'the clock was set forward' : 'the clock was set back')
  },
})
