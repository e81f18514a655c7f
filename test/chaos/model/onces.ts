import assert from 'node:assert/strict'
import type { TurnResult } from '../../../src/store/turn.ts'
import type { Job } from './job.ts'
import type { Queue } from './queue.ts'

/**
 * Decides what becomes of a call of `once` in its turn.
 *
 * @param ready jobs that wait for nothing but a slot
 */
export function countOnce(queue: Queue, result: TurnResult, ready: Job[]): void {
  const { mail, tally, expected } = queue
  const [first] = result.claimed
  if (first !== undefined) {
    queue.onces.add(first.id)
    tally.saw('once: one job')
    // The turn has looked at as many jobs as it may, or has to know groups first.
  } else if (result.more) mail.onces += 1
  else if (isHeld(queue, result, ready)) {
    queue.held += 1
    tally.saw('once: waits for room')
  } else {
    expected.onces.push(false)
    tally.saw('once: nothing runnable')
  }
}

/**
 * Whether the call waits for room. It may wait in vain: a lane without room has not looked whether
 * a group has a due job.
 */
function isHeld(queue: Queue, { behind }: TurnResult, ready: Job[]): boolean {
  assert.ok(behind || ready.length === 0, `once: job ${ready[0]?.id} is due, and waits for a slot`)
  return behind && queue.all('running').some(({ isOwn }) => isOwn)
}
