import type { Outcome } from '../../../src/job/outcome.ts'
import type { Command } from '../../../src/store/command.ts'
import { checkQuiet } from './check.ts'
import type { Engine } from './engine.ts'
import type { Job } from './job.ts'
import type { Ending } from './mail.ts'
import type { Queue } from './queue.ts'
import { takeTurn } from './turn.ts'

/** The model and the engine: what is done to one is done to the other. */
export interface Both {
  queue: Queue
  engine: Engine
}

/** Lets everything happen that has been set off. */
export async function takeTurns(both: Both): Promise<void> {
  await both.engine.clock.settle()
  follow(both)
  checkQuiet(both)
}

/** The model does what the engine has done. */
export function follow({ queue, engine }: Both): void {
  for (const one of engine.happened()) {
    if (one === 'wake') queue.releaseOnces()
    else takeTurn(queue, one)
  }
}

/** Lets time pass, and looks at every moment at which something is to happen. */
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

/** Claims whatever may start, from now on. */
export function claim({ queue, engine }: Both): void {
  engine.coordinator.claim()
  queue.isClaiming = true
}

/** Claims no more; what runs goes on. */
export function hold({ queue, engine }: Both): void {
  engine.coordinator.pause()
  queue.isClaiming = false
}

/** Somebody asks something of the queue. */
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

/** The end of a run is told by nobody who runs it. */
export function tell({ queue, engine }: Both, { claim, outcome }: Ending): void {
  queue.mail.endings.push({ claim, outcome })
  engine.coordinator.settled(claim, outcome)
}
