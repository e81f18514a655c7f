import { keepInFlight, payloadOf, rate } from '../load.ts'
import { CONTENDERS, type Scenario } from './contenders.ts'
import { PEERS } from './install.ts'

// One trial in a process of its own: `node trial.js <contender> <life|drain> <params as JSON>`, with
// the URL of the server in `BENCH_SERVER`. The trial does the same work as helve's own trials in
// bench/scenarios/throughput.ts.

interface Params {
  jobs: number
  /** Bytes of each payload's JSON, roughly. */
  payload: number
  threads: number
}

/** The argument of an adapter's `setup`. */
export interface Setup {
  /** URL of the peer's server, if the peer has one. */
  server: string | undefined
  payload: { text: string }
  threads: number
  /** The adapter calls this for jobs that have run. */
  completed: (jobs: number) => void
  /** Ends the trial. */
  failed: (error: unknown) => void
}

/** What an adapter's `setup` resolves to. */
export interface Peer {
  /** Enqueues one job; resolves when the job is acknowledged. */
  enqueue: () => Promise<unknown>
  /** Enqueues many jobs, in the fastest way that the peer offers. */
  fill: (jobs: number) => Promise<void>
  /** Begins to run jobs. */
  start: () => Promise<unknown> | void
  /** Resolves when the store knows of every job that has run. */
  settled?: () => Promise<void>
  close: () => Promise<unknown>
}

interface Adapter {
  setup: (setup: Setup, options: Record<string, unknown>) => Promise<Peer>
}

/** Counts jobs that have run. */
class Completions {
  #count = 0
  #target = Infinity
  #reached = (): void => undefined

  add(jobs = 1): void {
    this.#count += jobs
    if (this.#count >= this.#target) this.#reached()
  }

  /** Resolves when `jobs` more jobs have run. */
  next(jobs: number): Promise<void> {
    this.#target = this.#count + jobs
    return new Promise((resolve) => (this.#reached = resolve))
  }
}

type Trial = (peer: Peer, done: Completions, params: Params) => Promise<number>

const TRIALS: Record<Scenario, Trial> = {
  async life(peer, done, { jobs, threads }) {
    const lives = async (some: number): Promise<void> => {
      const all = done.next(some)
      await keepInFlight(some, peer.enqueue)
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

async function main(name: string, scenario: Scenario, params: Params): Promise<void> {
  const contender = CONTENDERS.find((one) => one.name === name)!
  const { href } = new URL(`adapters/${contender.peer}.mjs`, PEERS)
  const { setup } = (await import(href)) as Adapter
  const done = new Completions()
  const setting: Setup = {
    server: process.env['BENCH_SERVER'],
    payload: payloadOf(params),
    threads: params.threads,
    completed: (jobs) => done.add(jobs),
    failed: (error) => {
      console.error(error)
      process.exit(1)
    },
  }
  const peer = await setup(setting, contender.options)
  const perSecond = await TRIALS[scenario](peer, done, params)
  process.stdout.write(JSON.stringify({ [`${scenario}/s`]: perSecond }))
  await peer.close()
}

const [name = '', scenario = '', params = '{}'] = process.argv.slice(2)
await main(name, scenario as Scenario, JSON.parse(params) as Params)
process.exit()
