import * as fc from 'fast-check'
import type { Store } from '../../../src/store/store.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import * as life from './commands/life.ts'
import * as settling from './commands/settling.ts'
import * as submitting from './commands/submitting.ts'
import * as tending from './commands/tending.ts'
import * as time from './commands/time.ts'
import type { Command } from './commands/command.ts'
import { drain } from './drain.ts'
import { Engine } from './engine.ts'
import { policies } from './kinds.ts'
import { Limits } from './limits.ts'
import { Queue } from './queue.ts'
import type { Rows } from './rows.ts'
import type { Tally } from './tally.ts'

/** Commands of a sequence, at most. */
const LONGEST = 40

const { enqueue, enqueueElsewhere, enqueueMany } = submitting
const { end, endLate, endForged } = settling
const { cancel, retry, discard, pause, resume, regroup } = tending
const { turn, wait, waitForNext, setClock } = time
const { crash, crashInTurn, stop, claimAgain, holdOn, once, resize } = life

/** Commands with the weight of their choice. */
const COMMANDS: [weight: number, commands: fc.Arbitrary<Command>[]][] = [
  [20, [turn, end]],
  [16, [enqueue]],
  [4, [wait, waitForNext]],
  [3, [cancel, retry, pause, resume, regroup, setClock, enqueueElsewhere]],
  [2, [endLate, crash, crashInTurn, claimAgain, once, resize, discard]],
  [1, [enqueueMany, endForged, stop, holdOn]],
]

export const sequence = fc.record({
  slots: fc.record({ default: slots(), io: slots() }),
  /** Queued jobs that a lane looks at in one turn. */
  most: fc.constantFrom(1_000, 1_000, 4, 1),
  commands: fc.commands([chosen()], { maxCommands: LONGEST, size: 'max', disableReplayLog: true }),
})

type Sequence = typeof sequence extends fc.Arbitrary<infer T> ? T : never

/** What a sequence is run on. */
export interface Ground {
  /** The file of an empty queue. */
  file: string
  rows: Rows
  tally: Tally
  /** Changes a store that has been opened. */
  change: (store: Store) => void
}

/**
 * Runs the commands on the engine and on the model, and then all jobs that are left.
 *
 * @throws with the commands so far, when the engine and the model differ
 */
export async function runSequence(sequence: Sequence, ground: Ground): Promise<void> {
  const { slots, most, commands } = sequence
  const clock = new ManualClock()
  const terms = { slots: { ...slots }, policies: policies() }
  const queue = new Queue(new Limits(terms.slots, terms.policies), clock, ground.tally)
  const engine = new Engine({ ...terms, ...ground, clock, most })
  await engine.open()
  engine.coordinator.claim()
  try {
    await fc.asyncModelRun(() => ({ model: queue, real: engine }), commands)
    queue.log.push('drain')
    await drain({ queue, engine })
  } catch (error) {
    const [problem] = String(error).split('\n')
    const setup = `slots ${fc.stringify(slots)}, ${most} looked at in a turn`
    throw new Error([problem, setup, ...queue.log].join('\n  '), { cause: error })
  } finally {
    await engine.close()
  }
}

function slots(): fc.Arbitrary<number> {
  return fc.constantFrom(2, 4, 1, 25)
}

function chosen(): fc.Arbitrary<Command> {
  return fc.oneof(
    ...COMMANDS.flatMap(([weight, arbitraries]) =>
      arbitraries.map((arbitrary) => ({ weight, arbitrary })),
    ),
  )
}
