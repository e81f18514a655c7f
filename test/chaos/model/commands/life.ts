import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { claim, end, follow, hold, takeTurns, type Both } from '../both.ts'
import { LOST } from '../engine.ts'
import { command, nothing } from './command.ts'

const INTERRUPTED = { type: 'released', reason: 'interrupted' } as const

/** The process dies, with all mail that no turn has taken; another process begins. */
export const crash = command('crash', {
  args: fc.boolean(),
  does: async (both, claims) => {
    const { queue } = both
    if (queue.onThreads().length > 0) queue.tally.saw('crashed with running jobs')
    await restart(both)
    if (claims) claim(both)
  },
})

/** The process dies after a turn has been written, and before anybody has heard of the turn. */
export const crashInTurn = command('crashInTurn', {
  args: nothing,
  does: async (both) => {
    const { queue, engine } = both
    const go = engine.holdTurn()
    await engine.clock.settle()
    follow(both)
    engine.coordinator.close()
    go()
    await engine.clock.settle()
    await restart(both)
    claim(both)
    queue.tally.saw('crashed in a turn')
  },
})

/** The process is told to end, and interrupts its runs; another process begins. */
export const stop = command('stop', {
  args: nothing,
  does: async (both) => {
    const { queue } = both
    hold(both)
    await takeTurns(both)
    // Calls of `once` that wait for room may still start a job.
    while (queue.onThreads().length > 0) {
      for (const job of queue.onThreads()) end(both, job, INTERRUPTED)
      await takeTurns(both)
    }
    assert.equal(queue.all('running').length, 0)
    await restart(both)
    claim(both)
    queue.tally.saw('stopped')
  },
})

export const claimAgain = command('claim', {
  args: nothing,
  of: (queue) => (queue.isClaiming ? undefined : queue),
  does: claim,
})

export const holdOn = command('hold', {
  args: nothing,
  of: (queue) => (queue.isClaiming ? queue : undefined),
  does: hold,
})

export const once = command('once', {
  args: nothing,
  does: ({ queue, engine }) => {
    engine.once()
    queue.mail.onces += 1
  },
})

export const resize = command('resize', {
  args: fc.tuple(fc.constantFrom('default', 'io'), fc.integer({ min: 1, max: 4 })),
  does: ({ queue, engine }, [lane, slots]) => {
    queue.limits.slots[lane] = slots
    engine.resize(lane, slots)
  },
})

async function restart({ queue, engine }: Both): Promise<void> {
  await engine.close()
  const running = queue.all('running').map(({ id }) => id)
  queue.crash()
  const orphans = await engine.open()
  assert.deepEqual(new Set(orphans.map(({ id }) => id)), new Set(running))
  queue.past.push(...orphans)
  queue.mail.endings.push(...orphans.map((claim) => ({ claim, outcome: LOST })))
}
