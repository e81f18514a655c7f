import * as fc from 'fast-check'
import type { Both } from '../both.ts'
import { check } from '../check.ts'
import type { Engine } from '../engine.ts'
import type { Queue } from '../queue.ts'

export type Command = fc.AsyncCommand<Queue, Engine>

/** What is done to the model and to the engine. */
interface Rule<Args, Of> {
  args: fc.Arbitrary<Args>
  /** What it is done to; where there is nothing, it is left out. @default the queue */
  of?: (queue: Queue, args: Args) => Of | undefined
  does: (both: Both, args: Args, of: Of) => Promise<unknown> | void
}

/** A command; whatever it does, the store then has to hold what the model says. */
export function command<Args, Of = Queue>(name: string, rule: Rule<Args, Of>) {
  const { args, of = (queue) => queue as Of, does } = rule
  return args.map((chosen): Command => {
    const toString = (): string => `${name} ${fc.stringify(chosen)}`
    return {
      check: (queue) => of(queue as Queue, chosen) !== undefined,
      run: async (queue, engine) => {
        const subject = of(queue, chosen)!
        queue.log.push(`${toString()}${isJob(subject) ? `: job ${subject.id}` : ''}`)
        const both = { queue, engine }
        await does(both, chosen, subject)
        await check(both)
        queue.tally.saw('commands')
      },
      toString,
    }
  })
}

/** A number that stands for one of those that there are, however many. */
export const anyOf = fc.nat(9)

export function nth<T>(from: readonly T[], n: number): T | undefined {
  return from[n % from.length]
}

/** Without a choice. */
export const nothing = fc.constant('')

function isJob(subject: unknown): subject is { id: number } {
  return typeof (subject as { id?: unknown }).id === 'number'
}
