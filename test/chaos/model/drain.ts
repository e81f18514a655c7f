import assert from 'node:assert/strict'
import { completed } from '../../support/fake-pool.ts'
import { claim, end, pass, takeTurns, type Both } from './both.ts'
import { check } from './check.ts'
import { isLive } from './job.ts'
import { resume } from '../../support/commands.ts'

/** More rounds than any queue needs to get empty. */
const MOST = 1_000
/** The longest that an idle queue does not look, in ms. */
const LONGEST_WAIT = 60_000

/** I2: with pauses taken back, threads that run and time that passes, no live job is left. */
export async function drain(both: Both): Promise<void> {
  const { queue, engine } = both
  const { limits, now } = queue
  for (const target of limits.pauses) {
    limits.resume(target)
    await resume(engine.store, target, now)
  }
  claim(both)
  await takeTurns(both)
  for (let round = 0; queue.all().some(isLive); round++) {
    assert.ok(round < MOST, 'I2: it never gets empty')
    if (queue.onThreads().length > 0) await completeAll(both)
    else await waitForNext(both)
  }
  await check(both)
  for (const { id, errors } of queue.all()) {
    assert.ok(errors.length > 0, `I2: job ${id} is dead without a reason`)
  }
}

async function completeAll(both: Both): Promise<void> {
  for (const job of both.queue.onThreads()) end(both, job, completed())
  await takeTurns(both)
}

async function waitForNext(both: Both): Promise<void> {
  const { queue, engine } = both
  const wait = Math.min(...queue.all('queued').map((job) => queue.startsAt(job))) - queue.now
  assert.ok(Number.isFinite(wait), 'I2: nothing would ever start what is left')
  // Hours pass at once.
  if (wait > LONGEST_WAIT) engine.clock.step(wait - LONGEST_WAIT)
  await pass(both, Math.min(wait, LONGEST_WAIT))
}
