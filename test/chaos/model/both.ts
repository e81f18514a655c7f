import type { Outcome } from '../../../src/job/outcome.ts'
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
  const { queue, engine } = both
  await engine.clock.settle()
  for (const taken of engine.turns()) takeTurn(queue, taken)
  checkQuiet(both)
}

/** Lets time pass, and looks at every moment at which something is to happen. */
export async function pass(both: Both, ms: number): Promise<void> {
  await takeTurns(both)
  const { clock } = both.engine
  for (let left = ms; left > 0;) {
    const hop = Math.min(left, clock.waits[0] ?? left)
    await clock.advance(hop)
    await takeTurns(both)
    left -= hop
  }
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
