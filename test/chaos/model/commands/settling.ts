import * as fc from 'fast-check'
import * as both from '../both.ts'
import { outcome } from '../outcome.ts'
import { anyOf, command, nth } from './command.ts'

/** A run ends. For some runs a second ending comes, with another outcome. */
export const end = command('end', {
  args: fc.tuple(anyOf, outcome, fc.option(outcome, { freq: 8 })),
  of: (queue, [n]) => nth(queue.onThreads(), n),
  does: (of, [, first, second], job) => {
    const { claim } = both.end(of, job, first.make(of.queue))
    if (second !== null) both.tell(of, { claim, outcome: second.make(of.queue) })
  },
})

/** A late ending comes for a run that has ended some time ago. */
export const endLate = command('endLate', {
  args: fc.tuple(anyOf, outcome),
  of: (queue, [n]) => nth(queue.past, n),
  does: (of, [, how], claim) => both.tell(of, { claim, outcome: how.make(of.queue) }),
})

/** A forged ending comes for a job, with the claim of another job. */
export const endForged = command('endForged', {
  args: fc.tuple(anyOf, outcome),
  of: (queue, [n]) => nth(queue.all(), n),
  does: (of, [, how], { id, kind, priority, group }) => {
    const other = of.queue.past.find((claim) => claim.id !== id)
    if (other === undefined) return
    const claim = { ...other, id, kind, priority, group }
    both.tell(of, { claim, outcome: how.make(of.queue) })
  },
})
