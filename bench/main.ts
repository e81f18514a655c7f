import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkNames, commandOf, OPTIONS, positive, runMain } from './command-line.ts'
import { disk } from './disk.ts'
import { add, figureTable, type Figures } from './figures.ts'
import { verdicts, verdictTable } from './isolation.ts'
import { surroundings } from './machine.ts'
import { matrix, named, plain, SCENARIOS, type Measurement } from './plan.ts'
import { record, textOf, type Report } from './report.ts'
import type { Params } from './setup.ts'
import { runTrial } from './trial-process.ts'
import { WEBHOOK_REQUIREMENTS } from './webhooks.ts'

const HELP = `npm run bench [-- SCENARIO… OPTIONS]

Scenarios: ${SCENARIOS.join(', ')}
  without any: all of them, and the limit and whole lives over durabilities, payloads and threads;
  such a run is recorded in bench/RESULTS.md
  isolation stands for those from deadEndpoints to blockedHost: the same load without and with a
  disturbance; webhooks stands for those from deliveries on
  --trials N      trials of each scenario, each in its own process [3]
  --jobs N        jobs of a trial [200000]
  --payload N     bytes of a payload [100]
  --threads N     worker threads [as many as there are cores]
  --durability D  power or process [power]
  --seconds N     length of a load of isolation, without and with its disturbance [30]
  --json          the figures as JSON
`

const NOTES = [
  'Medians of trials that took turns, each in its own process. `raw` is better-sqlite3 alone on',
  'the same schema, with the same durability, 1,000 rows in a transaction, and no dedupe keys,',
  'counters, handlers or acknowledgements. Ratios say more than rates: the machine is shared.',
].join('\n')

const TRIAL = fileURLToPath(new URL('./trial.js', import.meta.url))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...OPTIONS,
    jobs: { type: 'string', default: '200000' },
    seconds: { type: 'string', default: '30' },
    durability: { type: 'string', default: 'power' },
  },
})

function params(): Params {
  const { durability } = values
  if (durability !== 'power' && durability !== 'process') {
    throw new Error(`--durability: expected power or process, got ${durability}`)
  }
  return {
    jobs: positive('jobs', values.jobs),
    payload: positive('payload', values.payload),
    threads: positive('threads', values.threads),
    durability,
    seconds: positive('seconds', values.seconds),
  }
}

/** Measurements take turns, so that a drift of the machine hits all of them. */
async function measure(measurements: Measurement[]): Promise<Figures> {
  const figures: Figures = new Map()
  const rounds = Math.max(...measurements.map(({ trials }) => trials))
  for (let round = 0; round < rounds; round++) {
    for (const measurement of measurements.filter(({ trials }) => trials > round)) {
      const { scenario, label, params } = measurement
      process.stderr.write(`round ${round + 1} of ${rounds}: ${scenario} ${label}\n`)
      for (const [name, value] of Object.entries(await runTrial([TRIAL, scenario], params))) {
        add(figures, label === '' ? name : `${name} · ${label}`, value)
      }
    }
  }
  return figures
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP)
  checkNames('scenario', positionals, ['isolation', 'webhooks', ...SCENARIOS])
  const scenarios = positionals.flatMap(named)
  const whole = scenarios.length === 0
  const trials = positive('trials', values.trials)
  const about = {
    ...{ command: commandOf('bench'), ...surroundings(), ...(await disk()) },
    ...{ ...params(), trials },
  }
  const figures = await measure([
    ...plain(whole ? SCENARIOS : scenarios, params(), trials),
    ...(whole ? matrix(params(), trials) : []),
  ])
  const isolation = [...verdicts(figures), ...verdicts(figures, WEBHOOK_REQUIREMENTS)]
  const report: Report = {
    ...{ section: 'bench', title: 'helve', about, notes: NOTES, remarks: [] },
    tables: [figureTable(figures), ...(isolation.length > 0 ? [verdictTable(isolation)] : [])],
  }
  if (whole) record(report)
  const json = { about, figures: Object.fromEntries(figures), isolation }
  process.stdout.write(`${values.json ? JSON.stringify(json, null, 2) : textOf(report)}\n`)
}

await runMain(main)
