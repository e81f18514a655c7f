import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { add, HEADER, markdown, rowsOf, text, type Figures } from './figures.ts'
import { VERDICTS, verdictRows, verdicts } from './isolation.ts'
import { surroundings } from './machine.ts'
import { matrix, named, plain, SCENARIOS, type Measurement } from './plan.ts'
import { record } from './results.ts'
import type { Params } from './setup.ts'

const HELP = `npm run bench [-- SCENARIO… OPTIONS]

Scenarios: ${SCENARIOS.join(', ')}
  without any: all of them, and the limit and whole lives over durabilities, payloads and threads;
  such a run is recorded in bench/RESULTS.md
  isolation stands for those from deadEndpoints on: the same load without and with a disturbance
  --trials N      trials of each scenario, each in its own process [3]
  --jobs N        jobs of a trial [200000]
  --payload N     bytes of a payload [100]
  --threads N     worker threads [as many as there are cores]
  --durability D  power or process [power]
  --seconds N     length of a load of isolation, without and with its disturbance [30]
  --json          the figures as JSON
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    trials: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '200000' },
    payload: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '30' },
    threads: { type: 'string', default: String(availableParallelism()) },
    durability: { type: 'string', default: 'power' },
  },
})

/** Measurements take turns, so that a drift of the machine hits all of them. */
async function measure(measurements: Measurement[]): Promise<Figures> {
  const figures: Figures = new Map()
  const rounds = Math.max(...measurements.map(({ trials }) => trials))
  for (let round = 0; round < rounds; round++) {
    for (const measurement of measurements.filter(({ trials }) => trials > round)) {
      const { scenario, label } = measurement
      process.stderr.write(`round ${round + 1} of ${rounds}: ${scenario} ${label}\n`)
      for (const [name, value] of Object.entries(await runTrial(measurement))) {
        add(figures, label === '' ? name : `${name} · ${label}`, value)
      }
    }
  }
  return figures
}

async function runTrial({ scenario, params }: Measurement): Promise<Record<string, number>> {
  const trial = fileURLToPath(new URL('./trial.js', import.meta.url))
  const args = [trial, scenario, JSON.stringify(params)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Record<string, number>
}

function positive(name: 'trials' | 'jobs' | 'payload' | 'threads' | 'seconds'): number {
  const number = Number(values[name])
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`--${name}: expected a whole number above 0, got ${values[name]}`)
}

function params(): Params {
  const { durability } = values
  if (durability !== 'power' && durability !== 'process') {
    throw new Error(`--durability: expected power or process, got ${durability}`)
  }
  const [jobs, payload, threads] = [positive('jobs'), positive('payload'), positive('threads')]
  return { jobs, payload, threads, durability, seconds: positive('seconds') }
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP)
  const scenarios = positionals.flatMap(named)
  const unknown = scenarios.find((name) => !SCENARIOS.includes(name))
  if (unknown !== undefined) {
    throw new Error(
      `scenario: expected isolation or one of ${SCENARIOS.join(', ')}, got ${unknown}`,
    )
  }
  const whole = scenarios.length === 0
  const trials = positive('trials')
  const figures = await measure([
    ...plain(whole ? SCENARIOS : scenarios, params(), trials),
    ...(whole ? matrix(params(), trials) : []),
  ])
  const about = {
    command: ['npm run bench', ...process.argv.slice(2)].join(' '),
    ...surroundings(),
    ...params(),
    trials,
  }
  const rows = rowsOf(figures)
  const isolation = verdicts(figures)
  const isolationTable = verdictRows(isolation)
  if (whole) record(about, [markdown(HEADER, rows), markdown(VERDICTS, isolationTable, 2)])
  if (values.json) {
    const result = { about, figures: Object.fromEntries(figures), isolation }
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } else {
    const tables = [text(HEADER, rows)]
    if (isolation.length > 0) tables.push(text(VERDICTS, isolationTable, 2))
    process.stdout.write(`${[Object.values(about).join(' · '), ...tables].join('\n\n')}\n`)
  }
}

await main()
