import { setTimeout as sleep } from 'node:timers/promises'
import type { Params } from '../../setup.ts'
import type { Stamped } from './handlers.ts'
import { isolated, warmUp, type Isolation, type IsolationRuntime } from './isolated.ts'

const RATE = { limit: 10, per: 1_000 }
const OTHERS = ['one', 'two', 'three', 'four']
const BURN = 2
/** Jobs in the backlog of each other group, for each second: more than the threads can run. */
const OTHERS_PER_SECOND = 400

/** A rate belongs to a kind. The limited group is therefore of another kind, in the same lane. */
export const groupRate: Isolation = {
  name: 'group rate',
  disturbance: 'a rate of 10/s on one group of five, a backlog in each',
  musts: [
    { figure: 'limited a second', text: '10 ± 5 %', holds: (rate) => Math.abs(rate - 10) <= 0.5 },
    {
      figure: 'others a second',
      text: 'at least 0.9 × without',
      holds: (rate, without) => rate >= without * 0.9,
    },
  ],
  load: (params, disturbed) =>
    isolated(params, {}, async ({ runtime }) => {
      runtime.register('grouped', { group: groupOf })
      void runtime.run()
      // Warms up while `grouped` is the only kind: beside others it leaves them a thread.
      await warmUp(runtime, 'grouped', (job) => ({ group: OTHERS[job % 4], burn: BURN }))
      runtime.register('limited', { group: groupOf, groupRate: RATE })
      await fill(runtime, params, disturbed)

      const ends = watchEnds(runtime)
      await sleep(params.seconds * 1_000)
      return {
        'others a second': ends.grouped.length / params.seconds,
        ...(disturbed ? { 'limited a second': rateOf(ends.limited) } : {}),
      }
    }),
}

function groupOf({ group }: Stamped): string | undefined {
  return group
}

async function fill(runtime: IsolationRuntime, params: Params, disturbed: boolean): Promise<void> {
  const { seconds } = params
  const burn = BURN
  const others = OTHERS.flatMap((group) =>
    Array.from({ length: seconds * OTHERS_PER_SECOND }, () => {
      return { kind: 'grouped' as const, payload: { group, burn } }
    }),
  )
  const limited = Array.from({ length: (seconds + 5) * RATE.limit }, () => {
    return { kind: 'limited' as const, payload: { group: 'limited', burn } }
  })
  await runtime.enqueueMany([...(disturbed ? limited : []), ...others])
}

/** The times at which jobs of the two kinds ended, in ms. */
function watchEnds(runtime: IsolationRuntime) {
  const ends = { grouped: [] as number[], limited: [] as number[] }
  runtime.on('completed', ({ job: { kind } }) => {
    if (kind === 'grouped' || kind === 'limited') ends[kind].push(performance.now())
  })
  return ends
}

/** Jobs a second, after the burst that the full bucket lets through at once. */
function rateOf(ends: number[]): number {
  const steady = ends.slice(RATE.limit)
  return ((steady.length - 1) / (steady.at(-1)! - steady[0]!)) * 1_000
}
