import { Lane } from '../../pool/lane.ts'
import { GRACE, isFatal, POISONS, TIMEOUT } from '../../pool/poisons.ts'
import type { Random } from '../../support/random.ts'

const FATAL = POISONS.filter(isFatal)

/** Slots of the thread of each lane. */
const CONCURRENCIES = [1, 8]

/**
 * Ends threads, one after the other, in every way that handlers have.
 *
 * @returns milliseconds from the exit of each until the lane had all of its capacity back
 */
export async function comebacks(random: Random, number: number): Promise<number[]> {
  const lanes = CONCURRENCIES.map((concurrency) => new Lane({ concurrency }))
  const times: number[] = []
  try {
    for (const lane of lanes) await lane.worksOn()
    for (let n = 0; n < number; n += 1) {
      times.push(await comeback(lanes[n % lanes.length]!, random))
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
  return times
}

async function comeback(lane: Lane, random: Random): Promise<number> {
  const { kind, payload, end } = FATAL[random.below(FATAL.length)]!
  let exit = Number.NaN
  lane.recorder.onDown = () => (exit = performance.now())
  await lane.run(kind, payload, end.type === 'timedOut' ? { timeout: TIMEOUT, grace: GRACE } : {})
  await lane.isFree()
  const took = performance.now() - exit
  await lane.worksOn()
  return took
}
