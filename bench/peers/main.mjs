import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONTENDERS } from './contenders.mjs'
import { install } from './install.mjs'
import { machine, versions } from './machine.mjs'
import { reasonOf } from './programs.mjs'
import { markdown, rowsOf, writeResults } from './report.mjs'
import { SERVERS } from './servers.mjs'
import { runTrials } from './trials.mjs'

const PEERS = peersOf(CONTENDERS)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    trials: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '100000' },
    payload: { type: 'string', default: '100' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})

const HELP = `npm run bench:peers [-- PEER… OPTIONS]

Peers: ${PEERS.join(', ')} (all of them unless named)
  --trials N   trials of each, each in its own process [3]
  --jobs N     jobs of a trial; slow contenders get a share of them [100000]
  --payload N  bytes of a payload [100]
  --threads N  worker threads of helve [as many as there are cores]
  --json       the figures as JSON

A run of all peers is recorded in bench/RESULTS.md.
`

/**
 * @typedef {import('./contenders.mjs').Contender} Contender
 *
 * @param {AbortSignal} signal
 */
async function compare(signal) {
  const work = {
    jobs: number('jobs'),
    payload: number('payload'),
    threads: number('threads'),
    trials: number('trials'),
  }
  const wanted = CONTENDERS.filter(
    ({ peer = 'helve' }) =>
      peer === 'helve' || positionals.length === 0 || positionals.includes(peer),
  )
  /** @type {Map<Contender, string>} */
  const skipped = new Map()
  const skip = (/** @type {(one: Contender) => boolean} */ which, /** @type {unknown} */ error) => {
    signal.throwIfAborted()
    for (const one of wanted.filter(which)) skipped.set(one, reasonOf(error))
  }
  await install(signal).catch((error) => skip(isForeign, error))
  /** @type {Map<string, import('./servers.mjs').Server>} */
  const servers = new Map()
  try {
    for (const [name, find] of Object.entries(SERVERS)) {
      const needs = (/** @type {Contender} */ one) => one.server === name && !skipped.has(one)
      if (!wanted.some(needs)) continue
      const server = await find(signal).catch((error) => skip(needs, error))
      if (server !== undefined) servers.set(name, server)
    }
    const there = wanted.filter((one) => !skipped.has(one))
    const before = { date: new Date().toISOString(), machine: machine() }
    const figures = await runTrials(there, work, servers, signal)
    return {
      command: ['npm run bench:peers', ...commandLine()].join(' '),
      ...before,
      versions: versions(servers, peersOf(figures.rates.keys())),
      work,
      results: rowsOf(figures, work),
      skipped: [...skipped, ...figures.failed].map(([{ name }, reason]) => ({
        name,
        reason: withoutPlaces(reason),
      })),
      cut: figures.cut,
    }
  } finally {
    for (const { remove } of servers.values()) remove()
  }
}

/** @param {Iterable<Contender>} contenders @returns {string[]} their packages */
function peersOf(contenders) {
  const peers = Array.from(contenders, ({ peer = 'helve' }) => peer)
  return [...new Set(peers)].filter((peer) => peer !== 'helve')
}

/** @param {Contender} one */
function isForeign({ peer = 'helve' }) {
  return peer !== 'helve'
}

/** @param {'jobs' | 'payload' | 'threads' | 'trials'} name */
function number(name) {
  const value = Number(values[name])
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name}: expected a positive integer, got ${values[name]}`)
}

function commandLine() {
  const given = process.argv.slice(2)
  return given.length === 0 ? [] : ['--', ...given]
}

/** What is recorded names no hosts, and no folders of this machine. @param {string} reason */
function withoutPlaces(reason) {
  return reason.replace(/\w+:\/\/\S+/g, '…').replace(/(\/[\w.@+-]+)+\//g, '')
}

async function main() {
  if (values.help) return void process.stdout.write(HELP)
  const unknown = positionals.find((name) => !PEERS.includes(name))
  if (unknown !== undefined) throw new Error(`expected some of ${PEERS.join(', ')}, got ${unknown}`)
  if (!existsSync(new URL('../../dist/bench/trial.js', import.meta.url))) {
    throw new Error('dist/bench is missing: npm run build')
  }
  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, (_, number) => {
      process.exitCode = 128 + number
      interrupted.abort(new Error(`interrupted by ${name}`))
    })
  }
  // Everything temporary, also that of trials which are killed, is in here.
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  // A server that runs as another user has its folder in it.
  chmodSync(folder, 0o711)
  process.env.TMPDIR = folder
  try {
    const report = await compare(interrupted.signal)
    const text = markdown(report)
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${text}\n`)
    if (positionals.length === 0) writeResults(text)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode ??= 1
})
