import assert from 'node:assert/strict'
import http from 'node:http'
import { test, type TestContext } from 'node:test'
import { deliverWebhookPolicy, Runtime, type Breaker, type SqliteStore } from '../../src/index.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { openStore } from '../support/store.ts'
import { Waiting } from '../support/waiting.ts'
import { listen } from '../support/webhook/endpoints.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const TARGET = { type: 'repository', id: 5 }
const KIND = 'deliver_webhook'
/** Milliseconds between two looks at the queue. */
const STEP = 5 * SECOND
const EVENTS = 120
/** The test's patience on its own clock: no delivery waits for so long. */
const LONGEST = 24 * 60 * MINUTE

/** A request that the receiver saw, and the moment on the queue's clock. */
interface Request {
  n: number
  at: number
}

/** A receiver that hangs up while it is down. */
async function receiver(t: TestContext, clock: ManualClock) {
  const state = { isDown: true, requests: [] as Request[] }
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { n } = JSON.parse(Buffer.concat(chunks).toString()) as { n: number }
      state.requests.push({ n, at: clock.wall() })
      if (state.isDown) response.destroy()
      else response.end()
    })
  })
  return { state, url: `http://127.0.0.1:${await listen(t, server)}/` }
}

/** A runtime on the test's clock. Nothing happens in it but in a call of {@link Host.step}. */
class Host {
  readonly runtime: Runtime<unknown, { deliver_webhook: unknown }>
  readonly opened: Breaker[] = []
  readonly #waiting = new Waiting(() => `${this.#started} started, ${this.#ended} ended`)
  #started = 0
  #ended = 0

  constructor(store: SqliteStore) {
    this.runtime = new Runtime(store, { logger: false })
    // The attempts are made by the machine's clock, which is months away from the test's clock.
    const handler = deliverWebhookHandler({ hooks: store.webhooks, expiry: Infinity })
    this.runtime.register(KIND, handler as never, deliverWebhookPolicy() as never)
    this.runtime.on('breaker:open', ({ breaker }) => this.opened.push(breaker))
    this.runtime.on('started', () => (this.#started += 1))
    for (const end of ['completed', 'retrying', 'dead', 'released'] as const) {
      this.runtime.on(end, () => {
        this.#ended += 1
        this.#waiting.look()
      })
    }
  }

  /** Owns the queue and claims from now on. */
  async run(): Promise<this> {
    await this.runtime.start()
    void this.runtime.run()
    return this
  }

  /** Serves everything that is due at this moment. */
  async step(): Promise<void> {
    for (;;) {
      const before = this.#started
      // A command takes a turn, which claims as well. The turn after may look at other groups.
      for (let turns = 0; turns < 2; turns += 1) {
        await this.runtime.closeBreaker({ kind: KIND, group: 'of no hook' })
      }
      await this.#waiting.until(() => this.#ended === this.#started, 'the end of all runs')
      if (this.#started === before) return
    }
  }
}

async function attempts({ runtime }: Host): Promise<Map<number, number>> {
  const { jobs } = await runtime.list({ kind: KIND, limit: 1_000 })
  return new Map(jobs.map(({ id, attempts: made }) => [id, made]))
}

test('a hook that is down for 20 minutes gets every event afterwards, the oldest first', async (t) => {
  const clock = new ManualClock()
  const options = { durability: 'process', clocks: clock.sources } as const
  const { state, url } = await receiver(t, clock)
  let store = await openStore(t, options)
  let host = await new Host(store).run()
  t.after(() => host.runtime.stop({ timeout: 0 }))
  const hook = await store.webhooks.create({ url, target: TARGET })
  const jobs = new Map<number, number>()
  const opened: Breaker[] = []

  /** Lets time pass while the receiver is down; publishes an event every so often. */
  const suffer = async (until: number): Promise<void> => {
    while (jobs.size < until) {
      const n = jobs.size
      const { deliveries } = await host.runtime.webhooks.publish('push', {
        target: TARGET,
        payload: { n },
      })
      assert.equal(deliveries.length, 1)
      jobs.set(n, deliveries[0]!.id)
      for (let passed = 0; passed < 10 * SECOND; passed += STEP) {
        await host.step()
        clock.hold(STEP)
      }
    }
  }
  await suffer(EVENTS / 2)
  opened.push(...host.opened)
  const kept = await host.runtime.breakers()
  assert.equal(kept.length, 1)
  assert.ok(kept[0]!.until > clock.wall(), 'expected a breaker that is open at the restart')
  const before = state.requests.length
  await host.runtime.stop()
  await store.close()
  store = await openStore(t, { ...options, file: store.file })
  host = await new Host(store).run()
  await host.step()
  assert.deepEqual(await host.runtime.breakers(), kept)
  assert.equal(state.requests.length, before)
  await suffer(EVENTS)
  opened.push(...host.opened)

  // One request tries the receiver between the end of a pause and the next one.
  assert.ok(opened.length >= 5, `${opened.length} pauses`)
  for (const [i, { opened: from, until }] of opened.entries()) {
    const within = (start: number, end: number): number =>
      state.requests.filter(({ at }) => at > start && at < end).length
    assert.equal(within(from, until), 0, `requests in pause ${i}`)
    const next = opened[i + 1]
    if (next) assert.equal(within(until - 1, next.opened + 1), 1, `requests after pause ${i}`)
  }
  const made = await attempts(host)
  assert.equal(made.size, EVENTS)
  const sent = [...made.values()].reduce((sum, one) => sum + one, 0)
  assert.equal(sent, state.requests.length)

  const tried = new Set(state.requests.map(({ n }) => n))
  const outage = state.requests.length
  state.isDown = false
  const end = clock.wall() + LONGEST
  while ((await attempts(host)).size > 0) {
    assert.ok(clock.wall() < end, 'events are left')
    await host.step()
    clock.hold(STEP)
  }
  const after = state.requests.slice(outage).map(({ n }) => n)
  assert.deepEqual(
    after.toSorted((a, b) => a - b),
    [...jobs.keys()],
  )
  // Two requests are under way at a time, so that neighbours may change places.
  const waited = after.filter((n) => !tried.has(n))
  for (const [i, n] of waited.entries()) {
    const overtaken = waited.slice(i).filter((other) => other < n)
    assert.ok(overtaken.length <= 1, `${n} came before ${overtaken.join(', ')}`)
  }
  t.diagnostic(`${opened.length} pauses, ${outage} requests while down, ${after.length} after`)
  assert.deepEqual(await host.runtime.breakers(), [])
  const { active, lastResponse } = (await store.webhooks.get(hook))!
  assert.deepEqual([active, lastResponse?.status], [true, 'OK'])
})
