import { pickup } from './scenarios/pickup.ts'
import { raw } from './scenarios/raw.ts'
import { drain, enqueue, enqueueMany, life } from './scenarios/throughput.ts'
import type { Params } from './setup.ts'

// One trial in a process of its own: `node trial.js <scenario> <params as JSON>`.

const scenarios: Record<string, (params: Params) => Promise<Record<string, number>>> = {
  raw,
  enqueue,
  enqueueMany,
  drain,
  life,
  pickup,
}

const [name = '', params = '{}'] = process.argv.slice(2)
const scenario = scenarios[name]
if (scenario === undefined)
  throw new Error(`scenario: expected one of ${Object.keys(scenarios).join()}`)
process.stdout.write(JSON.stringify(await scenario(JSON.parse(params) as Params)))
