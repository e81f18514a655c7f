import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { killGroup } from '../../../src/run/children.ts'
import { Random } from '../../support/random.ts'
import type { Figures, PartOptions } from '../part.ts'
import { HostProcess } from './host-process.ts'
import { judgeDrained, judgeKilled, type Remains } from './judge.ts'
import { Ledger } from './ledger.ts'
import { GRACE, LOADS, TIMEOUT } from './loads.ts'

/** How much a run of this part does. */
export interface DrainOptions extends PartOptions {
  /** Processes that are told to end. @default 100 */
  signals?: number
  /** Milliseconds that a process may take beyond the time it gives to its runs. @default 500 */
  slack?: number
}

export const about = 'ends processes under load by SIGTERM'
// So much slack, since no time can be asserted beside other tests.
export const share = { signals: 10, slack: 60_000 }

/** Processes at a time: they wait most of the time. */
const AT_ONCE = 2
/** The latest moment of a signal, in milliseconds after the process can take it. */
const LATEST = 700
/** Every `EARLY`th process gets its signal while it starts, within `LATEST_EARLY` ms. */
const EARLY = 6
const LATEST_EARLY = 100
/** Every `SECOND`th process gets a second signal, at most `LATEST_SECOND` ms after the first. */
const SECOND = 5
const LATEST_SECOND = 150
/** The most milliseconds for which the write lock is held when the signal comes. */
const LOCKED = 250

/** One process and its end. */
interface Drained extends Remains {
  load: string
  /** Milliseconds from the last signal to the end, without those for which no core was free. */
  took: number
  /** Whether a second signal has ended the process. */
  isKilled: boolean
}

/** I1, I2, I6: SIGTERM at any moment ends a process in time, and costs no job anything. */
export async function run({ seed, signals = 100, slack = 500 }: DrainOptions): Promise<Figures> {
  const drained: Drained[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < signals) drained.push(await inFolder(new Drain(seed, next++, slack)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return figures(drained)
}

async function inFolder(drain: Drain): Promise<Drained> {
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  try {
    return await drain.run(folder)
  } catch (error) {
    throw new Error(drain.name, { cause: error })
  } finally {
    // A process that was killed has not ended the processes of its handlers.
    for (const leader of Ledger.read(folder).children.keys()) killGroup(leader)
    await rm(folder, { recursive: true })
  }
}

class Drain {
  readonly name: string
  readonly #random: Random
  readonly #load: string
  readonly #isSecond: boolean
  readonly #latest: number
  readonly #slack: number

  constructor(seed: number, i: number, slack: number) {
    this.#random = new Random(seed + i)
    this.#isSecond = i % SECOND === SECOND - 1
    this.#latest = i % EARLY === 0 ? LATEST_EARLY : LATEST
    this.#slack = slack
    const names = Object.keys(LOADS).filter((name) => !this.#isSecond || LOADS[name]!.isLong)
    this.#load = names[i % names.length]!
    this.name = `process ${i} of seed ${seed}: ${this.#load}`
  }

  async run(folder: string): Promise<Drained> {
    const host = new HostProcess(folder, this.#load, String(this.#random.below(2 ** 31)))
    try {
      await host.until(this.#isSecond ? 'busy' : 'up')
      await sleep(this.#random.below(this.#latest))
      return this.#isSecond ? await this.#kill(host, folder) : await this.#drain(host, folder)
    } finally {
      await host.kill()
    }
  }

  async #drain(host: HostProcess, folder: string): Promise<Drained> {
    const locked = LOADS[this.#load]!.isLocked && lock(folder, this.#random.below(LOCKED))
    host.terminate()
    const { took: sinceSignal, ...end } = await host.end()
    await locked
    assert.deepEqual(end, { code: 0, signal: null })
    // Time for which the process had no core does not count.
    const took = sinceSignal - Ledger.read(folder).waited
    const limit = TIMEOUT + GRACE + this.#slack
    assert.ok(took <= limit, `it took ${Math.round(took)} ms to end, and may take ${limit}`)
    return { load: this.#load, took, isKilled: false, ...(await judgeDrained(folder)) }
  }

  /** A second signal ends the process, whatever goes on. */
  async #kill(host: HostProcess, folder: string): Promise<Drained> {
    host.terminate()
    await host.until('stopping')
    await sleep(this.#random.below(LATEST_SECOND))
    host.terminate()
    const { took, ...end } = await host.end()
    assert.deepEqual(end, { code: null, signal: 'SIGTERM' })
    assert.ok(took <= this.#slack / 2, `it took ${Math.round(took)} ms to end at once`)
    return { load: this.#load, took, isKilled: true, ...(await judgeKilled(folder)) }
  }
}

/** Holds the write lock of the file for `ms` milliseconds. */
async function lock(folder: string, ms: number): Promise<void> {
  const connection = new Database(join(folder, 'queue.db'))
  connection.exec('BEGIN IMMEDIATE')
  await sleep(ms)
  connection.close()
}

function figures(drained: Drained[]): Figures {
  const [ended, killed] = [false, true].map((is) =>
    drained.filter(({ isKilled }) => isKilled === is),
  )
  const sum = (of: Drained[], what: keyof Remains): number =>
    of.reduce((total, one) => total + one[what], 0)
  const slowest = (of: Drained[]): number => Math.round(Math.max(...of.map(({ took }) => took)))
  return {
    SIGTERMs: drained.length,
    'ended with code 0': ended!.length,
    [`slowest of them, ms (their runs have ${TIMEOUT + GRACE}; without waiting for a core)`]:
      slowest(ended!),
    'ended at once by a second signal': killed!.length,
    'slowest of them, ms': slowest(killed!),
    'runs that these left, recovered at the next start': sum(killed!, 'orphans'),
    'jobs acknowledged': sum(drained, 'acknowledged'),
    'of them lost': 0,
    'groups of processes ended with their runs': sum(ended!, 'children'),
  }
}
