import { fileURLToPath } from 'node:url'
import { runTrial } from '../trial-process.ts'
import { SCENARIOS, type Contender, type Scenario, type ServerName } from './contenders.ts'
import { reasonOf } from './programs.ts'
import type { Server } from './servers.ts'

/** The options of a comparison. */
export interface Work {
  jobs: number
  /** Bytes of each payload's JSON, roughly. */
  payload: number
  threads: number
  trials: number
}

export interface Figures {
  /** Jobs a second, by trial. */
  rates: Map<Contender, Record<Scenario, number[]>>
  /** Why each of these contenders failed. */
  failed: Map<Contender, string>
  /** Whether the time was up before all trials had run. */
  cut: boolean
}

export type Servers = Map<ServerName, Server>

const TRIAL_TIMEOUT = 60_000
/** Milliseconds for all trials together: no trial begins after them. */
const TIME_LIMIT = 270_000

const HELVE_TRIAL = fileURLToPath(new URL('../trial.js', import.meta.url))
const PEER_TRIAL = fileURLToPath(new URL('./trial.js', import.meta.url))

/**
 * Runs every contender's trials, each in a process of its own. The contenders take turns, so that
 * drift of the machine hits all of them. A contender that fails gets no further trial.
 */
export async function runTrials(
  contenders: Contender[],
  work: Work,
  servers: Servers,
  signal: AbortSignal,
): Promise<Figures> {
  const end = performance.now() + TIME_LIMIT
  const figures: Figures = { rates: new Map(), failed: new Map(), cut: false }
  for (let trial = 1; trial <= work.trials; trial++) {
    for (const contender of contenders) {
      for (const scenario of SCENARIOS) {
        if (figures.failed.has(contender)) continue
        if (performance.now() > end) return cutOff(figures, contenders)
        process.stderr.write(`trial ${trial}: ${contender.name}, ${scenario}\n`)
        try {
          const rate = await rateOf(contender, scenario, work, servers, signal)
          const rates = figures.rates.get(contender) ?? { life: [], drain: [] }
          rates[scenario].push(rate)
          figures.rates.set(contender, rates)
        } catch (error) {
          signal.throwIfAborted()
          figures.failed.set(contender, failureOf(error))
        }
      }
    }
  }
  return figures
}

export function jobsOf({ share }: Contender, scenario: Scenario, { jobs }: Work): number {
  return Math.max(1, Math.round(jobs * (share?.[scenario] ?? 1)))
}

function cutOff({ rates, failed }: Figures, contenders: Contender[]): Figures {
  const late = contenders.filter((one) => !rates.has(one) && !failed.has(one))
  const reasons = late.map((one) => [one, 'the time was up'] as const)
  return { rates, failed: new Map([...failed, ...reasons]), cut: true }
}

async function rateOf(
  contender: Contender,
  scenario: Scenario,
  work: Work,
  servers: Servers,
  signal: AbortSignal,
): Promise<number> {
  const { name, peer, options } = contender
  const { payload, threads } = work
  const params = { jobs: jobsOf(contender, scenario, work), payload, threads }
  const program = peer === undefined ? [HELVE_TRIAL] : [PEER_TRIAL, name]
  const all = peer === undefined ? { ...params, ...options } : params
  // The server runs only during its own trial, so that it disturbs no other trial.
  const server = contender.server && (await servers.get(contender.server)?.start(signal))
  try {
    const figures = await runTrial([...program, scenario], all, {
      env: { ...process.env, ...(server && { BENCH_SERVER: server.url }) },
      ...{ signal, timeout: TRIAL_TIMEOUT, killSignal: 'SIGKILL' },
    })
    return figures[`${scenario}/s`]!
  } finally {
    await server?.stop()
  }
}

function failureOf(error: unknown): string {
  const isLate = (error as { killed?: boolean }).killed === true
  return isLate ? `no figure within ${TRIAL_TIMEOUT / 1_000} s` : reasonOf(error)
}
