import { isolationTrials } from './isolation.ts'
import { backlog } from './scenarios/backlog.ts'
import { fullGroup } from './scenarios/full-group.ts'
import { headOfLine, turnedSlow } from './scenarios/head-of-line.ts'
import { host } from './scenarios/host.ts'
import { memory } from './scenarios/memory.ts'
import { pickup, pickupUnderLoad } from './scenarios/pickup.ts'
import { raw } from './scenarios/raw.ts'
import { drain, enqueue, enqueueMany, life } from './scenarios/throughput.ts'
import type { Params } from './setup.ts'
import { webhookTrials } from './webhooks.ts'

// One trial in a process of its own: `node trial.js <scenario> <params as JSON>`.

const scenarios: Record<string, (params: Params) => Promise<Record<string, number>>> = {
  raw,
  enqueue,
  enqueueMany,
  drain,
  life,
  pickup,
  pickupUnderLoad,
  headOfLine,
  turnedSlow,
  host,
  backlog,
  fullGroup,
  memory,
  ...isolationTrials,
  ...webhookTrials,
}

const [name = '', params = '{}'] = process.argv.slice(2)
const scenario = scenarios[name]
if (scenario === undefined)
  throw new Error(`scenario: expected one of ${Object.keys(scenarios).join()}`)
process.stdout.write(JSON.stringify(await scenario(JSON.parse(params) as Params)))
