import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Runtime, SqliteStore } from '../../../src/index.ts'
import { killGroup } from '../../../src/run/children.ts'
import { FOLLOWS } from '../../support/pool/floods.ts'
import { GRACE, TIMEOUT, type End, type Poison } from '../../support/pool/poisons.ts'
import { built, BUILT_ENTRY } from '../../support/built.ts'
import { gone } from '../../support/processes.ts'
import type { Random } from '../../support/random.ts'
import { assertRight, isHarmed, type Fate } from './judge.ts'
import { kindIn, LANES, TRIED } from './lanes.ts'

/** Healthy jobs for each poisonous one. */
const HEALTHY = 10
/** Milliseconds: only when jobs hang, no job ends for so long. */
const PATIENCE = 120_000

/** The numbers of jobs that were tried, and what became of them. */
export interface Tally {
  poisons: number
  healthy: number
  harmed: number
  /** Healthy jobs that had to run again, since their thread ended. */
  again: number
  threads: number
}

interface Draw {
  submission: { kind: string; payload: unknown; timeout?: number }
  end: End | undefined
  n: number
}

/**
 * Runs every poison `rounds` times, in random order among healthy jobs of the same lanes.
 *
 * @param rounds less than one: runs some of the poisons
 */
export async function mixture(random: Random, rounds: number): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  const store = await SqliteStore.open(join(folder, 'queue.db'), { durability: 'process' })
  const run = new Mixture(store)
  try {
    return await run.judged(shuffled(random, rounds))
  } finally {
    await run.runtime.stop({ timeout: 0 })
    await store.close()
    await ended(run.children)
    await rm(folder, { recursive: true })
  }
}

/** Waits until no process is left; kills those that are, and throws. */
async function ended(pids: number[]): Promise<void> {
  try {
    await gone(...pids)
  } catch (error) {
    pids.forEach(killGroup)
    throw error
  }
}

function shuffled(random: Random, rounds: number): Draw[] {
  const all: Draw[] = []
  for (const [lane, poisons] of Object.entries(TRIED)) {
    for (const poison of Array.from({ length: Math.ceil(rounds) }, () => poisons).flat()) {
      all.push(poisonous(lane, poison))
      for (let one = 0; one < HEALTHY; one += 1) all.push(healthy(lane, all.length))
    }
  }
  const most = Math.ceil(all.length * Math.min(1, rounds))
  return Array.from({ length: most }, () => random.take(all)!)
}

function poisonous(lane: string, { kind, payload, end }: Poison): Draw {
  const limit = end.type === 'timedOut' ? { timeout: TIMEOUT } : {}
  return { submission: { kind: kindIn(lane, kind), payload, ...limit }, end, n: 0 }
}

function healthy(lane: string, n: number): Draw {
  return { submission: { kind: kindIn(lane, 'echo'), payload: { n } }, end: undefined, n }
}

/** Whether a poisonous job has enqueued the job with this key. */
function follows(dedupeKey: string | null): boolean {
  return dedupeKey?.startsWith(FOLLOWS) ?? false
}

class Mixture {
  readonly runtime: Runtime
  readonly children: number[] = []
  readonly #store: SqliteStore
  readonly #fates = new Map<number, Fate>()
  #open = 0
  #threads = 0
  readonly #errors: unknown[] = []
  #onEnd: () => void = () => undefined

  constructor(store: SqliteStore) {
    this.#store = store
    this.runtime = new Runtime(store, {
      handlers: built(new URL('./handlers.ts', import.meta.url)),
      threadEntry: BUILT_ENTRY,
      config: { cells: new Int32Array(new SharedArrayBuffer(4_000)) },
      lanes: LANES,
      // At this level threads do not send the lines that nobody would print.
      logger: pino({ level: 'info' }, { write: () => undefined }),
    })
    this.#register()
    this.#listen()
  }

  async judged(draws: Draw[]): Promise<Tally> {
    const results = await this.runtime.enqueueMany(draws.map(({ submission }) => submission))
    for (const [at, { id }] of results.entries()) {
      const { submission, end, n } = draws[at]!
      const { kind } = submission
      this.#fates.set(id, { kind, end, n, completed: [], lost: 0, released: 0 })
    }
    this.#open = draws.length
    const running = this.runtime.run()
    await this.#ended()
    const tally = await this.#judge()
    await this.runtime.stop()
    await running
    return tally
  }

  async #judge(): Promise<Tally> {
    const fates = [...this.#fates.values()]
    const healthy = fates.filter(({ end }) => end === undefined)
    for (const [id, fate] of this.#fates) {
      if (fate.end !== undefined) assertRight(fate, await this.#store.get(id))
    }
    const harmed = healthy.filter(isHarmed)
    assert.deepEqual(harmed, [], 'healthy jobs were harmed')
    assert.deepEqual(this.#errors, [])
    for (const { queued, running } of Object.values(await this.#store.counts())) {
      assert.deepEqual([queued, running], [0, 0])
    }
    const again = healthy.filter(({ lost, released }) => lost + released > 0).length
    const threads = this.#threads
    const poisons = fates.length - healthy.length
    return { poisons, healthy: healthy.length, harmed: harmed.length, again, threads }
  }

  /** Each job has one attempt: a job runs again only if another job has ended its thread. */
  #register(): void {
    const policy = { maxAttempts: 1, timeout: 120_000, grace: GRACE }
    for (const [lane, poisons] of Object.entries(TRIED)) {
      this.runtime.register(kindIn(lane, 'echo'), { ...policy, lane })
      for (const { kind } of poisons) this.runtime.register(kindIn(lane, kind), { ...policy, lane })
    }
  }

  #listen(): void {
    const fate = (id: number): Fate => this.#fates.get(id)!
    this.runtime.on('enqueued', ({ dedupeKey }) => {
      if (follows(dedupeKey)) this.#open += 1
    })
    this.runtime.on('completed', ({ job, result }) => {
      if (!follows(job.dedupeKey)) fate(job.id).completed.push({ result, attempt: job.attempt })
      this.#end()
    })
    this.runtime.on('dead', () => this.#end())
    this.runtime.on('lost', ({ job }) => {
      if (!follows(job.dedupeKey)) fate(job.id).lost += 1
    })
    this.runtime.on('released', ({ job }) => {
      if (!follows(job.dedupeKey)) fate(job.id).released += 1
    })
    this.runtime.on('error', (error) => this.#errors.push(error))
    this.runtime.on('thread:down', () => (this.#threads += 1))
    this.runtime.on('progress', ({ value }) => {
      if (Array.isArray(value)) this.children.push(...(value as number[]))
    })
  }

  #end(): void {
    this.#open -= 1
    this.#onEnd()
  }

  /** Resolves when all jobs have ended. */
  #ended(): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error(`${this.#open} jobs do not end`))
      let patience = setTimeout(giveUp, PATIENCE)
      this.#onEnd = () => {
        clearTimeout(patience)
        if (this.#open === 0) resolve()
        else patience = setTimeout(giveUp, PATIENCE)
      }
    })
  }
}
