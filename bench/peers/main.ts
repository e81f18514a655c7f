import { chmodSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkNames, commandOf, OPTIONS, positive, runMain } from '../command-line.ts'
import { disk } from '../disk.ts'
import { withFolder } from '../folder.ts'
import { surroundings } from '../machine.ts'
import { record, textOf, type Report } from '../report.ts'
import { CONTENDERS, type Contender } from './contenders.ts'
import { install, installedVersion, ownVersion } from './install.ts'
import { reasonOf } from './programs.ts'
import { rowsOf, tablesOf, type Row } from './rows.ts'
import { SERVERS } from './servers.ts'
import { runTrials, type Servers, type Work } from './trials.ts'

const PEERS = peersOf(CONTENDERS)

const HELP = `npm run bench:peers [-- PEER… OPTIONS]

Peers: ${PEERS.join(', ')}
  without any: all of them; such a run is recorded in bench/RESULTS.md
  --trials N      trials of each contender, each in its own process [3]
  --jobs N        jobs of a trial; slow contenders get a share of them [100000]
  --payload N     bytes of a payload [100]
  --threads N     worker threads of helve [as many as there are cores]
  --json          the figures as JSON
`

const NOTES = [
  'Handlers that do nothing. The contenders take turns, each trial has its own process and its own',
  'empty store. Jobs a second: medians of the trials.',
].join('\n')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ...OPTIONS, jobs: { type: 'string', default: '100000' } },
})

function work(): Work {
  return {
    jobs: positive('jobs', values.jobs),
    payload: positive('payload', values.payload),
    threads: positive('threads', values.threads),
    trials: positive('trials', values.trials),
  }
}

interface Comparison {
  about: Report['about']
  results: Row[]
  skipped: { name: string; reason: string }[]
}

async function compare(signal: AbortSignal): Promise<Comparison> {
  const wanted = CONTENDERS.filter((one) => {
    return !isForeign(one) || positionals.length === 0 || positionals.includes(one.peer!)
  })
  const skipped = new Map<Contender, string>()
  const skip = (which: (one: Contender) => boolean, error: unknown): void => {
    signal.throwIfAborted()
    for (const one of wanted.filter(which)) skipped.set(one, reasonOf(error))
  }
  await install(signal).catch((error: unknown) => skip(isForeign, error))
  const servers: Servers = new Map()
  try {
    for (const [name, find] of SERVERS) {
      const needs = (one: Contender): boolean => one.server === name && !skipped.has(one)
      if (!wanted.some(needs)) continue
      const server = await find(signal).catch((error: unknown) => skip(needs, error))
      if (server) servers.set(name, server)
    }
    const before = { command: commandOf('bench:peers'), ...surroundings(), ...(await disk()) }
    const there = wanted.filter((one) => !skipped.has(one))
    const figures = await runTrials(there, work(), servers, signal)
    const versions = versionsOf(servers, peersOf(figures.rates.keys()))
    const missing = figures.cut ? { missing: 'some trials, since the time was up' } : {}
    return {
      about: { ...before, ...versions, ...work(), ...missing },
      results: rowsOf(figures, work()),
      skipped: [...skipped, ...figures.failed].map(([{ name }, reason]) => ({
        name,
        reason: withoutPlaces(reason),
      })),
    }
  } finally {
    for (const { remove } of servers.values()) remove()
  }
}

/** The packages of the contenders other than helve. */
function peersOf(contenders: Iterable<Contender>): string[] {
  return [...new Set([...contenders].filter(isForeign).map(({ peer }) => peer!))]
}

function isForeign({ peer = 'helve' }: Contender): boolean {
  return peer !== 'helve'
}

function versionsOf(servers: Servers, packages: string[]): Record<string, string> {
  const versions = [
    ['helve', ownVersion()] as const,
    ...[...servers].map(([name, { version }]) => [name, version] as const),
    ...packages.map((name) => [name, installedVersion(name) ?? 'unknown'] as const),
  ]
  return { versions: versions.map((version) => version.join(' ')).join(', ') }
}

/** Removes URLs and the folders of this machine, so that the recorded results do not name them. */
function withoutPlaces(reason: string): string {
  return reason.replace(/\w+:\/\/\S+/g, '…').replace(/(\/[\w.@+-]+)+\//g, '')
}

function reportOf({ about, results, skipped }: Comparison): Report {
  const reasons = skipped.map(({ name, reason }) => `- ${name}: ${reason}`)
  const unfair = new Map(results.map(({ name, note }) => [name, `- **${name}**: ${note}`]))
  return {
    ...{ section: 'peers', title: 'Peers', about, notes: NOTES, tables: tablesOf(results) },
    remarks: [
      ...(reasons.length === 0 ? [] : ['Skipped:', reasons.join('\n')]),
      ...['What is not compared fairly:', [...unfair.values()].join('\n')],
    ],
  }
}

/** Aborts when the process is told to end. */
function interruption(): AbortSignal {
  const interrupted = new AbortController()
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const name of signals) {
    process.on(name, (_: NodeJS.Signals, number: number) => {
      process.exitCode = 128 + number
      interrupted.abort(new Error(`interrupted by ${name}`))
    })
  }
  return interrupted.signal
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP)
  checkNames('peer', positionals, PEERS)
  const signal = interruption()
  // All temporary files are in this folder, also those that a killed trial leaves behind.
  await withFolder(async (folder) => {
    // A server that runs as another user has to reach its own folder, which is inside.
    chmodSync(folder, 0o711)
    process.env['TMPDIR'] = folder
    const comparison = await compare(signal)
    const report = reportOf(comparison)
    if (positionals.length === 0) record(report)
    const text = values.json ? JSON.stringify(comparison, null, 2) : textOf(report)
    process.stdout.write(`${text}\n`)
  })
}

await runMain(main)
