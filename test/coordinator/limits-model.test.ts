import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HelveError } from '../../src/job/errors.ts'
import type { ClaimedJob, JobRecord, NewJob } from '../../src/job/job.ts'
import type { GroupOf, Rate } from '../../src/job/policy.ts'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Settle, TurnResult } from '../../src/store/store.ts'
import { aJob, buries, claimsOn, completes, NOW, requeues } from '../support/jobs.ts'
import { Random } from '../support/random.ts'
import { openStore } from '../support/store.ts'

const STEPS = 600
/** Jobs that are queued at the most, so that all of them can be looked at in every step. */
const MANY = 40

interface Policy {
  rate?: Rate
  groupOf?: GroupOf
  groupConcurrency: number
  groupRate?: Rate
}

const groupOf = ({ repo }: { repo: string | null }): string | null => {
  if (repo === 'bad') throw new Error('on purpose')
  return repo
}

/** Intervals of whole milliseconds, so that the model knows the moments exactly. */
const POLICIES = {
  plain: { groupConcurrency: Infinity },
  grouped: { groupConcurrency: 2 },
  rated: { groupConcurrency: 1, rate: { limit: 4, per: 100 } },
  trickled: { groupConcurrency: 3, groupRate: { limit: 2, per: 50 } },
  filed: { groupConcurrency: 1, groupOf },
} satisfies Record<string, Policy>

type Kind = keyof typeof POLICIES
const KINDS: readonly [Kind, ...Kind[]] = ['plain', 'grouped', 'rated', 'trickled', 'filed']
const REPOS = ['a', 'b', 'c', null, 'bad'] as const

/** Things that a sequence has to come to, or it has not tested them. */
const THINGS = [
  ...['claimed', 'completed', 'queued', 'dead', 'rerun', 'folded', 'cancelled', 'cancelled run'],
  ...['paused', 'resumed', 'retried', 'retry refused', 'discarded', 'restart', 'set back'],
  ...['regrouped', 'kind full', 'full', 'cut', 'put off by a rate', 'put off by a group'],
] as const

/** A job as it has to be. */
interface Modelled {
  kind: Kind
  state: 'queued' | 'running' | 'dead'
  priority: number
  group: string | null
  repo: string | null
  key: string | null
  payload: string
  runAt: number
  attempts: number
  rerun: boolean
}

for (const seed of [1, 2, 3]) {
  test(`the limits hold, and nothing is stuck, whatever comes (seed ${seed})`, async (t) => {
    const first = await openStore(t, { durability: 'process' })
    const reopen = (): Promise<SqliteStore> =>
      openStore(t, { durability: 'process', file: first.file })
    const model = new Model(first, reopen, new Random(seed))
    for (let step = 0; step < STEPS; step++) {
      await model.step()
      await model.check()
    }
    await model.drain()
    model.checkCoverage()
  })
}

class Model {
  #store: SqliteStore
  readonly #reopen: () => Promise<SqliteStore>
  readonly #random: Random
  readonly #policies: Record<Kind, Policy> = structuredPolicies()
  readonly #jobs = new Map<number, Modelled>()
  readonly #claims = new Map<number, ClaimedJob>()
  readonly #paused = new Set<string>()
  /** By kind, or kind and group: when its bucket is full again, and when jobs were started. */
  readonly #full = new Map<string, number>()
  readonly #starts = new Map<string, number[]>()
  readonly #seen = new Set<string>()
  #now = NOW
  #latestTurn = NOW
  #payloads = 0

  constructor(store: SqliteStore, reopen: () => Promise<SqliteStore>, random: Random) {
    this.#store = store
    this.#reopen = reopen
    this.#random = random
  }

  async step(): Promise<void> {
    const random = this.#random
    this.#now += random.pick([0, 0, 1, 7, 25, 60, 150])
    const what = random.below(40)
    if (what < 4) return this.#cancel()
    if (what < 7) return this.#pauseOrResume()
    if (what < 12) return this.#retryOrDiscard()
    if (what === 12) return this.#restart()
    if (what === 13 && random.chance(0.5)) return this.#setBack()
    if (what === 14) return this.#regroup()
    return this.#turn()
  }

  async #turn(): Promise<void> {
    const random = this.#random
    const ending = [...this.#claims.values()].filter(() => random.chance(0.3))
    const settles = ending.map((job) => this.#end(job))
    const enqueues = this.#count('queued') < MANY ? this.#submissions() : []
    const rooms = new Map(KINDS.map((kind) => [kind, random.pick([0, 1, 3, Infinity, Infinity])]))
    const room = random.pick([0, 1, 2, 8, 100])
    const most = random.pick([1, 4, 1_000, 1_000])
    const admitted = { room, most, rooms }
    const result = await this.#claim({ ...admitted, settles, enqueues })
    settles.forEach((one, i) => this.#settled(one, result.settled[i]))
    enqueues.forEach((job, i) => this.#enqueued(job, result.enqueued[i]))
    this.#claimed(result, admitted)
  }

  #claim({ rooms, ...part }: Admitted & { settles?: Settle[]; enqueues?: NewJob[] }) {
    this.#latestTurn = this.#now
    const terms = (name: string) => {
      const kind = name as Kind
      const paused = [...this.#paused].flatMap((target) => {
        const [of, group] = target.split(' ')
        return of === kind && group !== undefined ? [group] : []
      })
      const base = { ...this.#policies[kind], paused: new Set(paused) }
      // A kind that is paused is not admitted at all: the same as one without room.
      return { ...base, room: this.#paused.has(kind) ? 0 : rooms.get(kind)! }
    }
    return claimsOn(this.#store, terms, { now: this.#now, ...part })
  }

  #submissions(): NewJob[] {
    const random = this.#random
    return Array.from({ length: random.below(6) }, () => {
      const kind = random.pick(KINDS)
      const key = random.chance(0.5) ? `${kind} ${random.below(3)}` : null
      // A group is given by the submission, or by its kind; a key is always of one repository.
      const repo = key === null ? random.pick(REPOS) : 'a'
      const group = kind === 'filed' || repo === 'bad' ? null : repo
      this.#payloads += 1
      return aJob({
        kind,
        group,
        dedupeKey: key,
        priority: random.pick([-1, 0, 0, 0, 1]),
        runAt: this.#now + random.pick([-90, 0, 0, 0, 30, 400]),
        payload: { repo, n: this.#payloads },
      })
    })
  }

  #end(job: ClaimedJob): Settle {
    const random = this.#random
    const charge = random.pick(['attempt', 'crash', 'nothing'] as const)
    const runAt = this.#now + random.pick([0, 0, 10, 200])
    return random.pick([
      completes(job),
      completes(job),
      completes(job, { followUps: [] }),
      requeues(job, { charge, runAt }),
      buries(job, { charge }),
    ])
  }

  #settled({ job: { id }, settlement }: Settle, result: TurnResult['settled'][number]): void {
    const job = this.#jobs.get(id)!
    this.#claims.delete(id)
    const rerun = job.rerun && settlement.to !== 'queued'
    assert.deepEqual([result?.rerun, result?.state], [rerun, rerun ? 'queued' : settlement.to])
    this.#saw(rerun ? 'rerun' : settlement.to)
    if (rerun) Object.assign(job, { state: 'queued', runAt: this.#now, attempts: 0, rerun: false })
    else if (settlement.to === 'completed') this.#jobs.delete(id)
    else {
      if (settlement.charge !== 'attempt') job.attempts -= 1
      Object.assign(job, { state: settlement.to, rerun: false })
      if (settlement.to === 'queued') job.runAt = settlement.runAt
    }
  }

  #enqueued(job: NewJob, result: TurnResult['enqueued'][number] | undefined): void {
    assert.ok(result !== undefined && !(result instanceof HelveError))
    const { kind, priority, group, dedupeKey: key, payload, runAt } = job
    const { repo } = JSON.parse(payload) as { repo: string | null }
    const holder = this.#holder(key)
    assert.equal(result.deduped, holder !== undefined)
    if (holder === undefined) {
      const fresh = { state: 'queued', attempts: 0, rerun: false } as const
      const own = { kind: kind as Kind, priority, group, repo, key, payload, runAt }
      this.#jobs.set(result.id, { ...own, ...fresh })
      return
    }
    this.#saw('folded')
    const [id, held] = holder
    assert.equal(result.id, id)
    held.payload = payload
    held.rerun = held.state === 'running'
    if (held.state === 'queued' && held.attempts === 0) held.runAt = Math.min(held.runAt, runAt)
  }

  #holder(key: string | null): [id: number, job: Modelled] | undefined {
    if (key === null) return undefined
    return [...this.#jobs].find(([, job]) => job.key === key && job.state !== 'dead')
  }

  #claimed({ claimed, behind, more, nextDue }: TurnResult, { room, rooms }: Admitted): void {
    assert.ok(claimed.length <= room)
    const left = new Map(rooms)
    for (const one of claimed) {
      const job = this.#jobs.get(one.id)!
      assert.equal(job.state, 'queued', 'I3: claimed while it runs')
      job.group = this.#groupOf(job)
      assert.equal(one.group, job.group)
      assert.equal(one.payload, job.payload)
      assert.equal(this.#startsAt(job, left), this.#now, `claimed past a limit: ${shown(job)}`)
      left.set(job.kind, left.get(job.kind)! - 1)
      Object.assign(job, { state: 'running', rerun: false, attempts: job.attempts + 1 })
      this.#take(job)
      this.#claims.set(one.id, one)
      this.#saw('claimed')
    }
    if (behind && !more) this.#saw('full')
    if (more) this.#saw('cut')

    const queued = [...this.#jobs.values()].filter(({ state }) => state === 'queued')
    const least = Math.max(...claimed.map(({ priority }) => priority))
    let soonest = Infinity
    for (const job of queued) {
      const at = this.#startsAt(job, left)
      if (at !== this.#now) {
        soonest = Math.min(soonest, at)
        continue
      }
      assert.ok(behind || more, `I11: left behind, though there was room: ${shown(job)}`)
      assert.ok(claimed.length === 0 || job.priority >= least, `overtaken: ${shown(job)}`)
    }
    if (behind || more) return
    assert.ok(nextDue <= soonest, `looks again at ${nextDue}, and not at ${soonest}`)
    assert.ok(nextDue > this.#now, 'it would look again at once, for ever')
  }

  /** When time alone lets a job start, from now on; Infinity if that takes something else. */
  #startsAt(job: Modelled, rooms: Map<Kind, number>): number {
    const { kind } = job
    const group = this.#groupOf(job)
    const { groupConcurrency, rate, groupRate } = this.#policies[kind]
    if (this.#paused.has(kind) || (group !== null && this.#paused.has(`${kind} ${group}`)))
      return Infinity
    if (rooms.get(kind)! < 1) {
      this.#saw('kind full')
      return Infinity
    }
    const together = [...this.#jobs.values()].filter(
      (other) => other.state === 'running' && other.kind === kind && other.group === group,
    )
    if (group !== null && together.length >= groupConcurrency) {
      this.#saw('put off by a group')
      return Infinity
    }
    const free = Math.max(
      this.#freeAt(kind, rate),
      group === null ? 0 : this.#freeAt(`${kind} ${group}`, groupRate),
    )
    if (free > this.#now) this.#saw('put off by a rate')
    return Math.max(this.#now, job.runAt, free)
  }

  /** What the policy gives to a job that was submitted without a group. */
  #groupOf({ kind, group, repo }: Modelled): string | null {
    return kind === 'filed' && repo !== 'bad' ? (group ?? repo) : group
  }

  #freeAt(bucket: string, rate: Rate | undefined): number {
    if (rate === undefined) return 0
    const { limit, per } = rate
    return (this.#full.get(bucket) ?? 0) + per / limit - per
  }

  /** Takes the tokens of a start, and looks at every window that ends with it. */
  #take({ kind, group }: Modelled): void {
    const { rate, groupRate } = this.#policies[kind]
    const buckets: [string, Rate | undefined][] = [[kind, rate]]
    if (group !== null) buckets.push([`${kind} ${group}`, groupRate])
    for (const [bucket, of] of buckets) {
      if (of === undefined) continue
      const { limit, per } = of
      const full = Math.max(this.#full.get(bucket) ?? 0, this.#now)
      this.#full.set(bucket, full + per / limit)
      const starts = this.#starts.get(bucket) ?? []
      starts.push(this.#now)
      this.#starts.set(bucket, starts)
      for (const [i, since] of starts.entries()) {
        const allowed = limit + ((this.#now - since) * limit) / per
        assert.ok(starts.length - i <= allowed, `${bucket}: too many since ${since}`)
      }
    }
  }

  async #cancel(): Promise<void> {
    const id = this.#some(this.#random.pick(['queued', 'running', 'running', 'dead']))
    if (id === undefined) return
    const job = this.#jobs.get(id)!
    const token = this.#claims.get(id)?.token
    const cancelled = await this.#store.cancel(id, this.#now, token)
    if (job.state === 'dead') return assert.equal(cancelled, undefined)
    if (job.state === 'running') {
      assert.equal(cancelled, 'running')
      job.rerun = false
      return this.#saw('cancelled run')
    }
    assert.ok(typeof cancelled === 'object' && cancelled.id === id)
    job.state = 'dead'
    this.#saw('cancelled')
  }

  async #pauseOrResume(): Promise<void> {
    const random = this.#random
    const kind = random.pick(KINDS)
    const group = random.pick(['a', 'b', undefined])
    const name = group === undefined ? kind : `${kind} ${group}`
    const target = group === undefined ? { kind } : { kind, group }
    if (random.chance(0.3)) {
      assert.equal(await this.#store.pause(target, this.#now, null), !this.#paused.has(name))
      this.#paused.add(name)
      return this.#saw('paused')
    }
    assert.equal(await this.#store.resume(target, this.#now), this.#paused.has(name))
    if (this.#paused.delete(name)) this.#saw('resumed')
  }

  async #retryOrDiscard(): Promise<void> {
    const id = this.#some('dead')
    if (id === undefined) return
    const job = this.#jobs.get(id)!
    if (this.#random.chance(0.4)) {
      assert.equal(await this.#store.discard(id), true)
      this.#jobs.delete(id)
      return this.#saw('discarded')
    }
    if (this.#holder(job.key) !== undefined) {
      await assert.rejects(this.#store.retry(id, this.#now), { code: 'HELVE_ERR_DEDUPE_KEY' })
      return this.#saw('retry refused')
    }
    assert.equal(await this.#store.retry(id, this.#now), true)
    Object.assign(job, { state: 'queued', runAt: this.#now, attempts: 0 })
    this.#saw('retried')
  }

  /** The process ends; the next one finds what ran, and a limit counts it until it is settled. */
  async #restart(): Promise<void> {
    await this.#store.close()
    this.#store = await this.#reopen()
    const lost = await this.#store.own(this.#now)
    assert.deepEqual(new Set(lost.map(({ id }) => id)), new Set(this.#claims.keys()))
    this.#saw('restart')
    const admitted = { room: 100, most: 1_000, rooms: new Map(KINDS.map((kind) => [kind, 2])) }
    if (this.#random.chance(0.5)) this.#claimed(await this.#claim(admitted), admitted)
    const settles = lost.map((job) => requeues(job, { charge: 'crash', runAt: this.#now }))
    const result = await this.#claim({ ...admitted, settles })
    settles.forEach((one, i) => this.#settled(one, result.settled[i]))
    this.#claimed(result, admitted)
  }

  /** Somebody sets the clock back: what is left of a rate is left. */
  async #setBack(): Promise<void> {
    const by = 1_001 + this.#random.below(1_000)
    this.#now = this.#latestTurn - by
    for (const [bucket, full] of this.#full) this.#full.set(bucket, full - by)
    for (const starts of this.#starts.values()) starts.forEach((at, i) => (starts[i] = at - by))
    this.#saw('set back')
    await this.#turn()
  }

  async #regroup(): Promise<void> {
    const kind = this.#random.pick(['grouped', 'trickled'] as const)
    this.#policies[kind].groupConcurrency = 1 + this.#random.below(3)
    await this.#store.regroup(kind, this.#now)
    this.#saw('regrouped')
  }

  /** Rows are what the model says, and within the limits by themselves. */
  async check(): Promise<void> {
    const rows = await this.#rows()
    assert.deepEqual(
      rows.map(({ id }) => id),
      [...this.#jobs.keys()].sort((a, b) => a - b),
    )
    const keys = new Set<string>()
    const groups = new Map<string, number>()
    for (const row of rows) {
      const job = this.#jobs.get(row.id)!
      const { state, priority, runAt, attempts, dedupeKey } = row
      assert.deepEqual(
        { state, priority, runAt, attempts, key: dedupeKey, payload: JSON.stringify(row.payload) },
        pick(job),
        shown(job),
      )
      assert.ok(row.group === job.group || row.group === this.#groupOf(job))
      job.group = row.group
      if (dedupeKey !== null && state !== 'dead') {
        assert.ok(!keys.has(dedupeKey), 'I3: two live jobs share a key')
        keys.add(dedupeKey)
      }
      if (state !== 'running' || row.group === null) continue
      const name = `${row.kind} ${row.group}`
      groups.set(name, (groups.get(name) ?? 0) + 1)
    }
    for (const [name, running] of groups) {
      const most = MOST[name.split(' ')[0] as Kind]
      assert.ok(running <= most, `${name}: ${running} of ${most} run`)
    }
  }

  async #rows(): Promise<JobRecord[]> {
    const { jobs, next } = await this.#store.list({ limit: 1_000 })
    assert.equal(next, undefined)
    return jobs.sort((a, b) => a.id - b.id)
  }

  /** I11: with room, time and no pauses, everything that is queued gets its run. */
  async drain(): Promise<void> {
    for (const name of this.#paused) {
      const [kind, group] = name.split(' ') as [string, string?]
      await this.#store.resume(group === undefined ? { kind } : { kind, group }, this.#now)
    }
    this.#paused.clear()
    const admitted = { room: 1_000, most: 1_000, rooms: new Map(KINDS.map((k) => [k, Infinity])) }
    const queued = (): boolean => [...this.#jobs.values()].some(({ state }) => state !== 'dead')
    for (let turns = 0; queued(); turns++) {
      assert.ok(turns < 1_000, 'I11: it never gets empty')
      const settles = [...this.#claims.values()].map((job) => completes(job))
      const result = await this.#claim({ ...admitted, settles })
      settles.forEach((one, i) => this.#settled(one, result.settled[i]))
      this.#claimed(result, admitted)
      await this.check()
      if (result.claimed.length > 0) continue
      assert.ok(!queued() || Number.isFinite(result.nextDue), 'I11: nothing would ever wake it')
      this.#now = Math.max(this.#now, Math.min(result.nextDue, this.#now + 60_000))
    }
    for (const counts of Object.values(await this.#store.counts())) {
      assert.deepEqual([counts.queued, counts.running], [0, 0])
    }
  }

  checkCoverage(): void {
    for (const what of THINGS) assert.ok(this.#seen.has(what), `never happened: ${what}`)
  }

  #some(state: Modelled['state']): number | undefined {
    const ids = [...this.#jobs].filter(([, job]) => job.state === state)
    return this.#random.take(ids)?.[0]
  }

  #count(state: Modelled['state']): number {
    return [...this.#jobs.values()].filter((job) => job.state === state).length
  }

  #saw(thing: (typeof THINGS)[number]): void {
    this.#seen.add(thing)
  }
}

interface Admitted {
  room: number
  most: number
  rooms: Map<Kind, number>
}

/** Jobs of a group that may ever have run at a time. */
const MOST: Record<Kind, number> = { plain: Infinity, grouped: 3, rated: 1, trickled: 3, filed: 1 }

function structuredPolicies(): Record<Kind, Policy> {
  const copies = Object.entries(POLICIES).map(([kind, policy]) => [kind, { ...policy }])
  return Object.fromEntries(copies) as Record<Kind, Policy>
}

function pick({ state, priority, runAt, attempts, key, payload }: Modelled) {
  return { state, priority, runAt, attempts, key, payload }
}

function shown(job: Modelled): string {
  return JSON.stringify(job)
}
