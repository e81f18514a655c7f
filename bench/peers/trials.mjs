import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { reasonOf } from './programs.mjs'

/**
 * @typedef {import('./contenders.mjs').Contender} Contender
 * @typedef {import('./contenders.mjs').Scenario} Scenario
 *
 * @typedef {object} Work
 * @property {number} jobs
 * @property {number} payload
 * @property {number} threads
 * @property {number} trials
 *
 * @typedef {object} Figures
 * @property {Map<Contender, Record<Scenario, number[]>>} rates jobs a second, by trial
 * @property {Map<Contender, string>} failed with the reason
 * @property {boolean} cut there was no time for all trials
 */

/** @type {readonly Scenario[]} */
export const SCENARIOS = ['life', 'drain']

const TRIAL_TIMEOUT = 60_000
/** For all trials: no further one is begun after it. */
const TIME_LIMIT = 270_000

const HELVE_TRIAL = fileURLToPath(new URL('../../dist/bench/trial.js', import.meta.url))
const PEER_TRIAL = fileURLToPath(new URL('./trial.mjs', import.meta.url))

/**
 * Every contender's trials, each in a process of its own. The contenders take turns, so that drift
 * of the machine hits all; who fails is out.
 *
 * @param {Contender[]} contenders
 * @param {Work} work
 * @param {Map<string, import('./servers.mjs').Server>} servers
 * @param {AbortSignal} signal
 * @returns {Promise<Figures>}
 */
export async function runTrials(contenders, work, servers, signal) {
  const end = performance.now() + TIME_LIMIT
  /** @type {Figures} */
  const figures = { rates: new Map(), failed: new Map(), cut: false }
  for (let trial = 1; trial <= work.trials; trial++) {
    for (const contender of contenders) {
      for (const scenario of SCENARIOS) {
        if (figures.failed.has(contender)) continue
        if (performance.now() > end) return cutOff(figures, contenders)
        process.stderr.write(`trial ${trial}: ${contender.name}, ${scenario}\n`)
        try {
          const rate = await runTrial(contender, scenario, work, servers, signal)
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

/** @param {Figures} figures @param {Contender[]} contenders @returns {Figures} */
function cutOff({ rates, failed }, contenders) {
  const late = contenders.filter((one) => !rates.has(one) && !failed.has(one))
  const reasons = late.map((one) => /** @type {const} */ ([one, 'the time was up']))
  return { rates, failed: new Map([...failed, ...reasons]), cut: true }
}

/** @param {Contender} contender @param {Scenario} scenario @param {Work} work */
export function jobsOf(contender, scenario, work) {
  return Math.max(1, Math.round(work.jobs * (contender.share?.[scenario] ?? 1)))
}

/**
 * @param {Contender} contender
 * @param {Scenario} scenario
 * @param {Work} work
 * @param {Map<string, import('./servers.mjs').Server>} servers
 * @param {AbortSignal} signal
 * @returns {Promise<number>} jobs a second
 */
async function runTrial(contender, scenario, work, servers, signal) {
  const { name, peer, options } = contender
  const { payload, threads } = work
  const params = { jobs: jobsOf(contender, scenario, work), payload, threads }
  const program = peer === undefined ? [HELVE_TRIAL] : [PEER_TRIAL, name]
  const all = peer === undefined ? { ...params, ...options } : params
  // It runs only while the trial that needs it does, so that it disturbs no other.
  const server = await servers.get(contender.server ?? '')?.start(signal)
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...program, scenario, JSON.stringify(all)],
      {
        env: { ...process.env, ...(server === undefined ? {} : { BENCH_SERVER: server.url }) },
        signal,
        timeout: TRIAL_TIMEOUT,
        killSignal: 'SIGKILL',
      },
    )
    return JSON.parse(stdout)[`${scenario}/s`]
  } finally {
    await server?.stop()
  }
}

/** @param {unknown} error */
function failureOf(error) {
  const isLate = /** @type {{ killed?: boolean }} */ (error).killed === true
  return isLate ? `no figure within ${TRIAL_TIMEOUT / 1_000} s` : reasonOf(error)
}
