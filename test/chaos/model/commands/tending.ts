import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { PauseTarget } from '../../../../src/job/pause.ts'
import { KINDS } from '../kinds.ts'
import { anyOf, command, nth } from './command.ts'
import { discard, pause, regroup, resume, retry } from '../../../support/commands.ts'

export const cancel = command('cancel', {
  args: anyOf,
  of: (queue, n) => nth(queue.all(), n),
  does: async ({ queue, engine }, _, job) => {
    const { state } = job
    const expected = queue.cancel(job)
    assert.equal(await engine.coordinator.cancel(job.id), expected)
    if (expected) queue.tally.saw(`cancelled while it is ${state}`)
    assert.deepEqual(engine.ended(), expected && state === 'running' ? [job.id] : [])
  },
})

export const retry = command('retry', {
  args: anyOf,
  of: (queue, n) => nth(queue.all('dead'), n),
  does: async ({ queue, engine }, _, job) => {
    const retried = retry(engine.store, job.id, queue.now)
    engine.coordinator.wake()
    if (queue.holder(job.key) === undefined) {
      queue.retry(job)
      queue.tally.saw('retried')
      return assert.equal(await retried, true)
    }
    queue.tally.saw('not retried: its key is held')
    await assert.rejects(retried, { code: 'HELVE_ERR_DEDUPE_KEY' })
  },
})

export const discard = command('discard', {
  args: anyOf,
  of: (queue, n) => nth(queue.all(), n),
  does: async ({ queue, engine }, _, { id, state }) => {
    assert.equal(await discard(engine.store, id), state === 'dead')
    if (state !== 'dead') return
    queue.jobs.delete(id)
    queue.tally.saw('discarded')
  },
})

const target: fc.Arbitrary<PauseTarget> = fc.oneof(
  fc.record({ lane: fc.constantFrom('default', 'io') }),
  fc.record({ kind: fc.constantFrom(...KINDS) }),
  fc.record({ kind: fc.constantFrom(...KINDS), group: fc.constantFrom('a', 'b') }),
)

export const pause = command('pause', {
  args: target,
  does: async ({ queue: { limits, now, tally }, engine }, target) => {
    const paused = limits.pause(target)
    assert.equal(await pause(engine.store, target, now, null), paused)
    tally.saw(`paused: a ${Object.keys(target).at(-1)}`)
  },
})

export const resume = command('resume', {
  args: anyOf,
  of: ({ limits }, n) => nth(limits.pauses, n),
  does: async ({ queue: { limits, now }, engine }, _, target) => {
    limits.resume(target)
    assert.equal(await resume(engine.store, target, now), true)
    engine.coordinator.wake()
  },
})

/** All kinds are registered anew, with another limit for their groups. */
export const regroup = command('regroup', {
  args: fc.integer({ min: 1, max: 3 }),
  does: async ({ queue: { limits, now }, engine }, most) => {
    for (const kind of KINDS) {
      limits.policies[kind].groupConcurrency = most
      await regroup(engine.store, kind, now)
    }
    engine.coordinator.wake()
  },
})
