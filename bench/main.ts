import { execFile } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import type { Params } from './setup.ts'
import { median } from './statistics.ts'

const QUICK = ['raw', 'enqueue', 'enqueueMany', 'drain', 'life', 'pickup']
const SCENARIOS = [
  ...QUICK,
  'pickupUnderLoad',
  'headOfLine',
  'turnedSlow',
  'host',
  'backlog',
  'memory',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    trials: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '40000' },
    payload: { type: 'string', default: '100' },
    threads: { type: 'string', default: String(availableParallelism()) },
    durability: { type: 'string', default: 'power' },
  },
})

const HELP = `npm run bench [-- SCENARIO… OPTIONS]

Scenarios: ${SCENARIOS.join(', ')} (all of them unless named)
  --trials N      trials of each scenario, each in its own process [3]
  --jobs N        jobs of a trial [40000]
  --payload N     bytes of a payload [100]
  --threads N     worker threads [as many as there are cores]
  --durability D  power or process [power]
  --json          the figures as JSON
`

/** Figures of all trials by name. Scenarios take turns, so that drift of the machine hits all. */
async function measure(scenarios: string[], params: Params): Promise<Map<string, number[]>> {
  const figures = new Map<string, number[]>()
  for (let trial = 0; trial < Number(values.trials); trial++) {
    for (const scenario of scenarios) {
      process.stderr.write(`trial ${trial + 1}: ${scenario}\n`)
      for (const [name, value] of Object.entries(await runTrial(scenario, params))) {
        figures.set(name, [...(figures.get(name) ?? []), value])
      }
    }
  }
  return figures
}

async function runTrial(scenario: string, params: Params): Promise<Record<string, number>> {
  const trial = fileURLToPath(new URL('./trial.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    trial,
    scenario,
    JSON.stringify(params),
  ])
  return JSON.parse(stdout) as Record<string, number>
}

function shown(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

/** A rate against the limit that was measured in the same run. */
function ofLimit(name: string, figures: Map<string, number[]>): string {
  const limit = figures.get(name.startsWith('enqueue') ? 'raw insert/s' : 'raw life/s')
  if (!name.endsWith('/s') || limit === undefined) return ''
  return (median(figures.get(name)!) / median(limit)).toFixed(2)
}

function table(figures: Map<string, number[]>): string {
  const rows = [...figures].map(([name, trials]) => [
    ...[name, shown(median(trials)), shown(Math.min(...trials)), shown(Math.max(...trials))],
    ofLimit(name, figures),
  ])
  const all = [['figure', 'median', 'min', 'max', '÷ raw'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return all.map(line).join('\n')
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP)
  const unknown = positionals.find((name) => !SCENARIOS.includes(name))
  if (unknown !== undefined)
    throw new Error(`expected one of ${SCENARIOS.join(', ')}, got ${unknown}`)
  const params: Params = {
    jobs: Number(values.jobs),
    payload: Number(values.payload),
    threads: Number(values.threads),
    durability: values.durability === 'process' ? 'process' : 'power',
  }
  const figures = await measure(positionals.length > 0 ? positionals : SCENARIOS, params)
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`
  const about = { machine, node: process.version, date: new Date().toISOString(), ...params }
  if (values.json) {
    const result = { about, figures: Object.fromEntries(figures) }
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
    return
  }
  process.stdout.write(`${Object.values(about).join(' · ')}\n\n${table(figures)}\n`)
}

await main()
