import { Lane } from '../../support/pool/lane.ts'
import { GRACE, isFatal, POISONS, TIMEOUT } from '../../support/pool/poisons.ts'
import type { Random } from '../../support/random.ts'
import { bareStart } from './bare-thread.ts'

const FATAL = POISONS.filter(isFatal)

/** Slots of the thread of each lane. */
const CONCURRENCIES = [1, 8]

/** Milliseconds, sorted. */
export interface Comebacks {
  /** From the exit of a thread until its lane had all of its capacity back. */
  lanes: number[]
  /** How long a bare thread took to start, each time. */
  bare: number[]
}

/** Ends threads, one after the other, in every way that handlers have. */
export async function comebacks(random: Random, number: number): Promise<Comebacks> {
  const lanes = CONCURRENCIES.map((concurrency) => new Lane({ concurrency }))
  const times: Comebacks = { lanes: [], bare: [] }
  try {
    for (const lane of lanes) await lane.worksOn()
    for (let n = 0; n < number; n += 1) {
      times.lanes.push(await comeback(lanes[n % lanes.length]!, random))
      times.bare.push(await bareStart())
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()))
  }
  for (const of of Object.values(times) as number[][]) of.sort((a, b) => a - b)
  return times
}

export function median(sorted: number[]): number {
  return Math.round(sorted[Math.floor(sorted.length / 2)]!)
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
