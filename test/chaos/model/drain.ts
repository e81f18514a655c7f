import assert from 'node:assert/strict'
import { completed } from '../../support/fake-pool.ts'
import { claim, end, hold, order, pass, takeTurns, type Both } from './both.ts'
import { check, checkShown } from './check.ts'
import { isLive } from './job.ts'

/** More rounds than any queue needs to get empty. */
const MOST = 1_000
/** The longest time between two looks at an idle queue, in ms. */
const LONGEST_WAIT = 60_000

/** I2: no live job is left once pauses are taken back, all runs complete and time passes. */
export async function drain(both: Both): Promise<void> {
  const { queue } = both
  await checkShown(both)
  await takeTurns(both)
  for (const target of queue.limits.pauses) order(both, { type: 'resume', target })
  claim(both)
  await takeTurns(both)
  for (let round = 0; queue.all().some(isLive); round++) {
    assert.ok(round < MOST, 'I2: it never gets empty')
    if (queue.onThreads().length > 0) await completeAll(both)
    else await waitForNext(both)
  }
  await check(both)
  assert.equal(queue.held + queue.onces.size, 0, 'I2: a call of once waits for nothing')
  for (const { id, errors } of queue.all()) {
    assert.ok(errors.length > 0, `I2: job ${id} is dead without a reason`)
  }
}

async function completeAll(both: Both): Promise<void> {
  for (const job of both.queue.onThreads()) end(both, job, completed())
  await takeTurns(both)
}

async function waitForNext(both: Both): Promise<void> {
  const { queue } = both
  const wait = queue.nextStart() - queue.now
  assert.ok(Number.isFinite(wait), 'I2: nothing would ever start what is left')
  if (wait > LONGEST_WAIT) await passUnseen(both, wait - LONGEST_WAIT)
  await pass(both, Math.min(wait, LONGEST_WAIT))
}

/** Lets days pass at once: nobody looks at the queue meanwhile. */
async function passUnseen(both: Both, ms: number): Promise<void> {
  hold(both)
  await takeTurns(both)
  await both.engine.clock.advance(ms)
  claim(both)
  await takeTurns(both)
}
