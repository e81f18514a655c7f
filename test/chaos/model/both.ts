import type { Outcome } from '../../../src/job/outcome.ts'
import type { Command } from '../../../src/store/command.ts'
import { checkQuiet } from './check.ts'
import type { Engine } from './engine.ts'
import type { Job } from './job.ts'
import type { Ending } from './mail.ts'
import type { Queue } from './queue.ts'
import { takeTurn } from './turn.ts'

/** The model and the engine. Whatever is done to the model is done to the engine as well. */
export interface Both {
  queue: Queue
  engine: Engine
}

/** Lets the engine do all that has been set off, has the model follow, and compares the two. */
export async function takeTurns(both: Both): Promise<void> {
  await both.engine.clock.settle()
  follow(both)
  checkQuiet(both)
}

/** Has the model do what the engine has done. */
export function follow({ queue, engine }: Both): void {
  for (const one of engine.happened()) {
    if (one === 'wake') queue.releaseOnces()
    else takeTurn(queue, one)
  }
}

/** Lets time pass, and takes turns at every moment at which something has to happen. */
export async function pass(both: Both, ms: number): Promise<void> {
  await takeTurns(both)
  const { clock } = both.engine
  let left = ms
  do {
    const hop = Math.min(left, clock.waits[0] ?? left)
    await clock.advance(hop)
    await takeTurns(both)
    left -= hop
  } while (left > 0)
}

/** Lets turns claim whatever may start, from now on. */
export function claim({ queue, engine }: Both): void {
  engine.coordinator.claim()
  queue.isClaiming = true
}

/** Lets turns claim no more; runs under way go on. */
export function hold({ queue, engine }: Both): void {
  engine.coordinator.pause()
  queue.isClaiming = false
}

/** Somebody sends a command. */
export function order({ queue, engine }: Both, command: Command): void {
  queue.mail.orders.push(command)
  engine.command(command)
}

/** The run of a job ends. */
export function end({ queue, engine }: Both, job: Job, outcome: Outcome): Ending {
  const claim = engine.finish(job.id, outcome)
  job.onThread = false
  queue.past.push(claim)
  queue.mail.endings.push({ claim, outcome })
  return { claim, outcome }
}

/** Reports an ending that does not come from a thread: a late, doubled or forged one. */
export function tell({ queue, engine }: Both, { claim, outcome }: Ending): void {
  queue.mail.endings.push({ claim, outcome })
  engine.coordinator.settled(claim, outcome)
}
