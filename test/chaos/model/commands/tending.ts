import * as fc from 'fast-check'
import type { PauseTarget } from '../../../../src/job/pause.ts'
import { order } from '../both.ts'
import { KINDS } from '../kinds.ts'
import { anyOf, command, nth } from './command.ts'

export const cancel = command('cancel', {
  args: anyOf,
  of: (queue, n) => nth(n % 2 === 0 ? queue.all() : queue.onThreads(), n),
  does: (both, _, { id }) => order(both, { type: 'cancel', id, token: undefined }),
})

export const retry = command('retry', {
  args: anyOf,
  of: (queue, n) => nth(queue.all('dead'), n),
  does: (both, _, { id }) => order(both, { type: 'retry', id }),
})

export const discard = command('discard', {
  args: anyOf,
  of: (queue, n) => nth(queue.all(), n),
  does: (both, _, { id }) => order(both, { type: 'discard', id }),
})

const target: fc.Arbitrary<PauseTarget> = fc.oneof(
  fc.record({ lane: fc.constantFrom('default', 'io') }),
  fc.record({ kind: fc.constantFrom(...KINDS) }),
  fc.record({ kind: fc.constantFrom(...KINDS), group: fc.constantFrom('a', 'b') }),
)

export const pause = command('pause', {
  args: target,
  does: (both, target) => order(both, { type: 'pause', target, by: null }),
})

export const resume = command('resume', {
  args: anyOf,
  of: ({ limits }, n) => nth(limits.pauses, n),
  does: (both, _, target) => order(both, { type: 'resume', target }),
})

/** All kinds are registered anew, with another limit for their groups. */
export const regroup = command('regroup', {
  args: fc.integer({ min: 1, max: 3 }),
  does: (both, most) => {
    for (const kind of KINDS) {
      both.queue.limits.policies[kind].groupConcurrency = most
      order(both, { type: 'regroup', kind })
    }
  },
})
