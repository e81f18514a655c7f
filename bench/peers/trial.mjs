import { CONTENDERS } from './contenders.mjs'

// One trial in a process of its own: `node trial.mjs <contender> <life|drain> <params as JSON>`,
// the address of its server in the environment, jobs a second on standard output. The work is that
// of helve's own trials in bench/scenarios/throughput.ts.

/**
 * @typedef {object} Params
 * @property {number} jobs
 * @property {number} payload bytes of each payload's JSON, roughly
 * @property {number} threads
 *
 * @typedef {object} Setup
 * @property {string | undefined} server its URL
 * @property {{ text: string }} payload
 * @property {number} threads
 * @property {(jobs: number) => void} completed to be called for what has run
 * @property {(error: unknown) => void} failed ends the trial
 *
 * @typedef {object} Peer
 * @property {() => Promise<unknown>} enqueue one job; resolves when that is acknowledged
 * @property {(jobs: number) => Promise<void>} fill enqueues many, by the fastest way there is
 * @property {() => Promise<unknown> | void} start begins to run jobs
 * @property {() => Promise<void>} [settled] resolves when the store knows of every job that has run
 * @property {() => Promise<unknown>} close
 */

/** Submissions that a producer has under way at a time, as in helve's own trials. */
const IN_FLIGHT = 1_000

/** Counts jobs that have run. */
class Completions {
  #count = 0
  #target = Infinity
  #reached = () => {}

  add(jobs = 1) {
    this.#count += jobs
    if (this.#count >= this.#target) this.#reached()
  }

  /** @param {number} jobs from now on */
  next(jobs) {
    this.#target = this.#count + jobs
    return new Promise((resolve) => {
      this.#reached = () => resolve(undefined)
    })
  }
}

/** @param {Peer} peer @param {number} jobs */
async function produce(peer, jobs) {
  let left = jobs
  const producer = async () => {
    while (left-- > 0) await peer.enqueue()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer))
}

/** @param {number} jobs @param {() => Promise<void>} work */
async function rate(jobs, work) {
  const start = performance.now()
  await work()
  return (jobs / (performance.now() - start)) * 1_000
}

/** @type {Record<string, (peer: Peer, done: Completions, params: Params) => Promise<number>>} */
const scenarios = {
  async life(peer, done, { jobs, threads }) {
    const lives = async (/** @type {number} */ some) => {
      const all = done.next(some)
      await produce(peer, some)
      await all
      await peer.settled?.()
    }
    await peer.start()
    await lives(threads * 50)
    return rate(jobs, () => lives(jobs))
  },
  async drain(peer, done, { jobs }) {
    await peer.fill(jobs)
    const all = done.next(jobs)
    return rate(jobs, async () => {
      await peer.start()
      await all
      await peer.settled?.()
    })
  },
}

const [name, scenario = '', text = '{}'] = process.argv.slice(2)
const contender = CONTENDERS.find((one) => one.name === name)
/** @type {Params} */
const params = JSON.parse(text)
const { setup } = await import(`./${contender?.peer}.mjs`)
const done = new Completions()
const setting = {
  server: process.env.BENCH_SERVER,
  payload: { text: 'x'.repeat(Math.max(0, params.payload - '{"text":""}'.length)) },
  threads: params.threads,
  completed: (/** @type {number} */ jobs) => done.add(jobs),
  failed: (/** @type {unknown} */ error) => {
    console.error(error)
    process.exit(1)
  },
}
/** @type {Peer} */
const peer = await setup(setting, contender?.options)
const perSecond = await scenarios[scenario](peer, done, params)
process.stdout.write(JSON.stringify({ [`${scenario}/s`]: perSecond }))
await peer.close()
process.exit()
