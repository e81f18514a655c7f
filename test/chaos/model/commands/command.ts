import * as fc from 'fast-check'
import type { Both } from '../both.ts'
import { check } from '../check.ts'
import type { Engine } from '../engine.ts'
import type { Queue } from '../queue.ts'

export type Command = fc.AsyncCommand<Queue, Engine>

/** What a command does to the model and to the engine. */
interface Rule<Args, Of> {
  args: fc.Arbitrary<Args>
  /** The subject of the command; without one the command is left out. @default the queue */
  of?: (queue: Queue, args: Args) => Of | undefined
  does: (both: Both, args: Args, of: Of) => Promise<unknown> | void
}

/** Makes a command. After each command the store has to hold what the model says. */
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

/** A number by which {@link nth} picks an item, however many items there are. */
export const anyOf = fc.nat(9)

export function nth<T>(from: readonly T[], n: number): T | undefined {
  return from[n % from.length]
}

/** The arguments of a command that has none. */
export const nothing = fc.constant('')

function isJob(subject: unknown): subject is { id: number } {
  return typeof (subject as { id?: unknown }).id === 'number'
}
