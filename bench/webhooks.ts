import { isolationTrial, named } from './isolation.ts'
import type { Must, Requirements } from './scenarios/isolation/isolated.ts'
import { blackHoledNames, blackHoles } from './scenarios/webhooks/black-holes.ts'
import { deliveries } from './scenarios/webhooks/deliveries.ts'
import { hostileReceivers } from './scenarios/webhooks/hostile.ts'
import { withSilentNames } from './scenarios/webhooks/namespace.ts'
import { deliverySweep } from './scenarios/webhooks/sweep.ts'
import type { Params } from './setup.ts'

type Trial = (params: Params) => Promise<Record<string, number>>

const DELIVERIES: Requirements = {
  name: 'deliveries',
  disturbance: 'deliveries at full speed to a receiver on this machine',
  musts: [
    { figure: 'deliveries/s', text: 'at least 1,500', holds: (rate) => rate >= 1_500 },
    { figure: '÷ bare undici', text: 'at least 0.9', holds: (ratio) => ratio >= 0.9 },
  ],
}

const HOSTILE: Requirements = {
  name: 'hostile receivers',
  disturbance: 'attempts to 12 receivers that misbehave, 20 at a time each',
  musts: [
    atMost('ms from the deadline', 250),
    atMost('MB of memory kept', 20),
    atMost('sockets and timers left', 0),
  ],
}

const SWEEP: Requirements = {
  name: 'sweep',
  disturbance: 'retention of 1,000,000 old deliveries',
  musts: [atMost('longest hold of the writer ms', 50)],
}

/** What the figures of webhooks must meet. */
export const WEBHOOK_REQUIREMENTS: Requirements[] = [
  ...[DELIVERIES, blackHoles, blackHoledNames, HOSTILE, SWEEP],
]

/** By scenario, a function that runs one trial. */
export const webhookTrials: Record<string, Trial> = {
  deliveries: async (params) => named(DELIVERIES, await deliveries(params)),
  blackHoles: isolationTrial(blackHoles),
  blackHoledNames: withSilentNames(isolationTrial(blackHoledNames)),
  hostileReceivers: async () => named(HOSTILE, await hostileReceivers()),
  deliverySweep: async (params) => named(SWEEP, await deliverySweep(params)),
}

/** The scenarios that `webhooks` stands for. */
export const WEBHOOKS = Object.keys(webhookTrials)

function atMost(figure: string, most: number): Must {
  return { figure, text: `at most ${most}`, holds: (value) => value <= most }
}
