import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, JobRecord, JobState, NewJob } from '../../../src/job/job.ts'
import type { Queue } from '../../../src/store/admission.ts'
import type { Counts } from '../../../src/store/inspection.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Settle } from '../../../src/store/turn.ts'
import {
  admission,
  aDelivery,
  aJob,
  buries,
  completes,
  NOW,
  requeues,
  turn,
} from '../../support/jobs.ts'
import { Random } from '../../support/random.ts'
import type { Open, Opened, QueueStore } from '../contract.ts'
import { discard, prune, retry } from '../../support/commands.ts'

const TURNS = 400
const KINDS = ['a', 'b', 'c'] as const
const STATES: JobState[] = ['queued', 'running', 'dead']
const CHARGES = ['attempt', 'crash', 'nothing'] as const
const THINGS = [
  'new',
  'deduped',
  'refused',
  'completed',
  'queued',
  'dead',
  'rerun',
  'late',
  'failed turn',
  'retry',
  'retry refused',
  'discard',
  'prune',
  'restart',
] as const
type Thing = (typeof THINGS)[number]

export function chance(open: Open): void {
  describe('after a long sequence of turns at random', () => {
    for (const seed of [3, 4, 5]) {
      test(`I2, I3: no job is lost, doubled or miscounted (seed ${seed})`, async (t) => {
        const queue = new RandomQueue(await open(t), new Random(seed))
        for (let step = 1; step <= TURNS; step++) {
          await queue.step()
          if (step % 25 === 0) await queue.check()
        }
        queue.checkCoverage()
      })
    }
  })
}

/** Does anything that can be done to a queue, and knows which jobs have to be in the queue. */
class RandomQueue {
  readonly #reopen: () => Promise<QueueStore>
  #store: QueueStore
  readonly #random: Random
  #now = NOW
  /** Claims that nobody has ended. */
  readonly #running: ClaimedJob[] = []
  /** Claims that have been ended: settling them once more must change nothing. */
  readonly #ended: ClaimedJob[] = []
  readonly #alive = new Set<number>()
  readonly #seen = new Set<Thing>()

  constructor({ store, reopen }: Opened, random: Random) {
    this.#store = store
    this.#reopen = reopen
    this.#random = random
  }

  async step(): Promise<void> {
    this.#now += this.#random.below(50)
    const what = this.#random.below(20)
    if (what === 0) return this.#failingTurn()
    if (what <= 2) return this.#retry()
    if (what === 3) return this.#discard()
    if (what === 4 && this.#random.chance(0.6)) return this.#prune()
    if (what === 5 && this.#random.chance(0.3)) return this.#restart()
    return this.#turn()
  }

  async #turn(): Promise<void> {
    const late = this.#some(this.#ended, 2).map((job) => this.#end(job))
    const settles = this.#some(this.#running, 6).map((job) => this.#end(job))
    const enqueues = Array.from({ length: this.#random.below(8) }, () => this.#job())
    const { settled, enqueued, claimed } = await turn(this.#store, {
      now: this.#now,
      settles: [...settles, ...late],
      enqueues,
      admit: (queues) => this.#admit(queues),
    })
    for (const [index, { job, move }] of [...settles, ...late].entries()) {
      const result = settled[index]
      if (index >= settles.length) {
        assert.equal(result, undefined, 'a late settle was taken')
        this.#saw('late')
        continue
      }
      assert.ok(result, 'an owned settle was dropped')
      this.#saw(result.rerun ? 'rerun' : move.to)
      if (result.state === 'completed') this.#alive.delete(job.id)
      for (const { id } of result.followUps) this.#alive.add(id)
      this.#ended.push(job)
    }
    for (const result of enqueued) {
      if (result instanceof HelveError) this.#saw('refused')
      else this.#accepted(result)
    }
    for (const job of claimed) {
      assert.ok(!this.#running.some(({ id }) => id === job.id), 'claimed while running')
      this.#running.push(job)
    }
  }

  /** Takes a turn that fails. The store undoes what the turn has written, and counts nothing. */
  async #failingTurn(): Promise<void> {
    const settles = this.#running.slice(0, 3).map((job) => this.#end(job))
    const failing = turn(this.#store, {
      now: this.#now,
      settles,
      enqueues: [this.#job(), this.#job()],
      admit: () => {
        throw new RangeError('on purpose')
      },
    })
    await assert.rejects(failing, RangeError)
    this.#saw('failed turn')
  }

  async #retry(): Promise<void> {
    const id = await this.#dead()
    if (id === undefined) return
    try {
      assert.equal(await retry(this.#store, id, this.#now), true)
      this.#saw('retry')
    } catch (error) {
      assert.ok(error instanceof HelveError)
      assert.equal(error.code, 'HELVE_ERR_DEDUPE_KEY')
      this.#saw('retry refused')
    }
  }

  async #discard(): Promise<void> {
    const id = await this.#dead()
    if (id === undefined) return
    assert.equal(await discard(this.#store, id), true)
    this.#alive.delete(id)
    this.#saw('discard')
  }

  async #prune(): Promise<void> {
    const before = this.#now - 500
    const { jobs } = await this.#store.list({ state: 'dead', limit: 1_000 })
    const old = jobs.filter(({ diedAt }) => diedAt! < before)
    assert.equal(await prune(this.#store, before), old.length)
    for (const { id } of old) this.#alive.delete(id)
    this.#saw('prune')
  }

  /** Closes the store while jobs run: the next owner has to find each of these jobs. */
  async #restart(): Promise<void> {
    await this.#store.close()
    this.#store = await this.#reopen()
    const lost = await this.#store.join(this.#now)
    // Payloads are not compared: a newer payload may have been folded in.
    assert.deepEqual(claims(lost), claims(this.#running))
    const settles = lost.map((job) => requeues(job, { charge: 'crash', runAt: this.#now }))
    await turn(this.#store, { now: this.#now, settles })
    this.#ended.push(...this.#running.splice(0))
    this.#saw('restart')
  }

  async check(): Promise<void> {
    const jobs = await scan(this.#store)
    assert.deepEqual(
      ids(jobs),
      [...this.#alive].sort((a, b) => a - b),
    )
    const running = jobs.filter(({ state }) => state === 'running')
    assert.deepEqual(ids(running), ids(this.#running))

    const keys = jobs.filter(({ state }) => state !== 'dead').flatMap((job) => job.dedupeKey ?? [])
    assert.equal(new Set(keys).size, keys.length, 'two live jobs share a key')

    assert.deepEqual(await this.#store.counts(), counted(jobs))
    let backlog: Queue[] = []
    await turn(this.#store, {
      now: this.#now,
      admit: (queues) => {
        backlog = queues
        return []
      },
    })
    const due = jobs.filter(({ state, runAt }) => state === 'queued' && runAt <= this.#now)
    for (const { kind, priority } of queues(due)) {
      const isSeen = backlog.some((queue) => queue.kind === kind && queue.priority === priority)
      assert.ok(isSeen, `a due job of kind ${kind}, priority ${priority}, and nobody looks for it`)
    }
  }

  /** A sequence in which a thing never happened has not tested the thing. */
  checkCoverage(): void {
    for (const what of THINGS) assert.ok(this.#seen.has(what), `never happened: ${what}`)
  }

  #job(): NewJob {
    const random = this.#random
    return aJob({
      kind: random.pick(KINDS),
      priority: random.below(3) - 1,
      runAt: this.#now + random.pick([0, 0, 40, 400]),
      // There are so few keys that a job of the same kind or of another kind often holds the key.
      dedupeKey: random.pick([null, `k${random.below(6)}`]),
      payload: random.below(1_000),
    })
  }

  #end(job: ClaimedJob): Settle {
    const random = this.#random
    const charge = random.pick(CHARGES)
    const deliveries = random.chance(0.2) ? [aDelivery()] : []
    // A follow-up has no key, because a job of another kind could hold the key.
    const followUps = random.chance(0.3) ? [{ ...this.#job(), dedupeKey: null }] : []
    const runAt = this.#now + random.below(100)
    return random.pick([
      completes(job, { deliveries, followUps }),
      requeues(job, { charge, runAt, deliveries }),
      buries(job, { charge, deliveries }),
    ])
  }

  #admit(queues: Queue[]) {
    const random = this.#random
    const chosen = queues.filter(() => random.chance(0.8))
    const half = chosen.filter(({ kind }) => kind === 'a')
    const rest = chosen.filter(({ kind }) => kind !== 'a')
    return [admission(half, random.below(4)), admission(rest, random.below(6))]
  }

  #accepted({ id, deduped }: { id: number; deduped: boolean }): void {
    assert.equal(this.#alive.has(id), deduped)
    this.#alive.add(id)
    this.#saw(deduped ? 'deduped' : 'new')
  }

  #some<T>(from: T[], atMost: number): T[] {
    const count = Math.min(from.length, this.#random.below(atMost + 1))
    return Array.from({ length: count }, () => this.#random.take(from)!)
  }

  async #dead(): Promise<number | undefined> {
    const { jobs } = await this.#store.list({ state: 'dead', limit: 1_000 })
    return jobs.length === 0 ? undefined : jobs[this.#random.below(jobs.length)]!.id
  }

  #saw(thing: Thing): void {
    this.#seen.add(thing)
  }
}

function claims(jobs: ClaimedJob[]) {
  return jobs
    .map(({ id, token, attempt }) => [id, token, attempt] as const)
    .sort(([a], [b]) => a - b)
}

function ids(jobs: { id: number }[]): number[] {
  return jobs.map(({ id }) => id).sort((a, b) => a - b)
}

/** All jobs, found without the help of the counters. */
async function scan(store: Store): Promise<JobRecord[]> {
  const jobs: JobRecord[] = []
  for (const kind of KINDS) {
    for (const state of STATES) jobs.push(...(await store.list({ kind, state, limit: 1_000 })).jobs)
  }
  return jobs
}

function counted(jobs: JobRecord[]): Counts {
  const counts: Counts = {}
  for (const { kind, state } of jobs) {
    const of = (counts[kind] ??= { queued: 0, running: 0, dead: 0 })
    of[state] += 1
  }
  return counts
}

function queues(jobs: JobRecord[]): Queue[] {
  const queues = new Map<string, Queue>()
  for (const { kind, priority } of jobs) queues.set(`${kind} ${priority}`, { kind, priority })
  return [...queues.values()]
}
