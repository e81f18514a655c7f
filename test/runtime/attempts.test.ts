import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import {
  aDelivery,
  aJob,
  claim,
  claimOne,
  command,
  completes,
  enqueue as enqueueIn,
  refusal,
  requeues,
  settle,
  turn,
} from '../support/jobs.ts'
import type { Store } from '../../src/store/store.ts'
import { built } from '../support/built.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'
import { connect, openStore } from '../support/store.ts'

const HANDLERS = built(new URL('./forging-handlers.ts', import.meta.url))

interface Attempt {
  id: number
  job: number
  outcome: string | null
  error: string | null
}

async function open(t: TestContext): Promise<Harness> {
  const h = await openHarness(t, { handlers: HANDLERS, threads: 2 })
  // The first hook: the forgers begin attempts of its deliveries.
  await h.store.webhooks.create({ url: 'http://hooks.localhost/' })
  void h.run()
  return h
}

function attempts(t: TestContext, { store }: Harness): Attempt[] {
  const sql = 'SELECT id, job_id AS job, outcome, error FROM helve_webhook_attempts ORDER BY id'
  return connect(t, store.file).prepare(sql).all() as Attempt[]
}

/** Enqueues a job of a kind of `forging-handlers`; resolves to its id. */
async function enqueue(h: Harness, kind: string, payload: object = {}): Promise<number> {
  const { id } = await h.runtime.enqueue(kind as never, payload as never)
  return id
}

/** Runs a job that has to die; resolves to its error. */
async function dies(h: Harness, kind: string, payload: object = {}): Promise<string> {
  h.runtime.register(kind as never, { maxAttempts: 1 })
  const { error } = await h.event('dead', await enqueue(h, kind, payload))
  return error.message
}

/** Starts a run with an attempt under way; resolves to the ids of the job and of the attempt. */
async function attempting(h: Harness): Promise<{ job: number; attempt: number }> {
  const job = await enqueue(h, 'attempts')
  const { value } = await h.event('progress', job)
  return { job, attempt: value as number }
}

/** Begins an attempt in the name of a job. */
function begins(store: Store, job: number): Promise<number> {
  const start = {
    ...{ job, attempt: 1, webhookId: 1, guid: aDelivery().guid, event: 'push', action: null },
    ...{ redelivery: false, delivery: null, url: 'http://a/' },
  }
  return command(store, { type: 'beginAttempt', start })
}

describe('I5: the record of an attempt', () => {
  test('is begun for no job of another thread, and for no job that is none', async (t) => {
    const h = await open(t)
    const { job } = await attempting(h)
    for (const other of [job, job + 1_000]) {
      const message = await dies(h, 'begins', { opening: { job: other } })
      assert.match(message, new RegExp(`job: expected a job of the thread, got ${other}`))
    }
    assert.equal(attempts(t, h).length, 1)
  })

  test('is begun for no run that is over: a question may arrive after its end', async (t) => {
    const store = await openStore(t)
    const [job] = await enqueueIn(store, aJob())
    const begin = (): Promise<number> => begins(store, job!.id)
    const over = refusal('HELVE_ERR_OPTION', `job: expected a job that runs, got ${job!.id}`)
    await assert.rejects(begin(), over)
    const claimed = await claimOne(store)
    assert.equal(await begin(), 1)
    await settle(store, completes(claimed))
    await assert.rejects(begin(), over)
  })

  test('is ended by a turn in which another ending cannot be written, and by that ending', async (t) => {
    const store = await openStore(t)
    await enqueueIn(store, aJob(), aJob(), aJob())
    const [one, bad, other] = await claim(store)
    for (const { id } of [one!, bad!, other!]) await begins(store, id)
    const unwritable = requeues(bad!, { runAt: NaN })
    await turn(store, { settles: [completes(one!), unwritable, requeues(other!)] })
    const { deliveries } = await store.webhooks.deliveries({})
    const [of3, of2, of1] = deliveries.map(({ outcome, error }) => `${outcome}: ${error}`)
    assert.equal(of1, 'interrupted: the run completed without an end of the attempt')
    assert.match(of2!, /^interrupted: its ending could not be written/)
    assert.equal(of3, 'interrupted: Error: disk on fire')
  })

  test('is begun for no delivery that is none, of another hook, or to an inactive hook', async (t) => {
    const h = await open(t)
    const hooks: number[] = []
    for (let n = 0; n < 2; n += 1) {
      hooks.push(await h.store.webhooks.create({ url: 'http://hooks.localhost/', active: false }))
    }
    const publication = { hook: hooks[1]!, payload: {} }
    const { deliveries } = await h.runtime.webhooks.publish('push', publication)
    const delivery = deliveries[0]!.id
    const before = attempts(t, h).length
    const own = { delivery, webhookId: hooks[1] }
    for (const opening of [{ delivery: 77 }, { ...own, webhookId: hooks[0] }, own]) {
      await h.event('completed', await enqueue(h, 'begins', { opening }))
    }
    assert.equal(attempts(t, h).length, before, 'the hook is inactive')
    await h.store.webhooks.update(hooks[1]!, { url: 'http://hooks.localhost/', active: true })
    await h.event('completed', await enqueue(h, 'begins', { opening: own }))
    assert.equal(attempts(t, h).length, before + 1)
  })

  test('is ended by its own run alone', async (t) => {
    const h = await open(t)
    const { job, attempt } = await attempting(h)
    const forger = await enqueue(h, 'records', { id: attempt })
    await h.event('completed', forger)
    const [own, forged] = attempts(t, h)
    assert.deepEqual(own, { id: attempt, job, outcome: null, error: null })
    assert.equal(forged?.error, 'forged')
    h.release(job)
    await h.event('completed', job)
    assert.deepEqual(attempts(t, h)[0], { id: attempt, job, outcome: 'ok', error: null })
    await h.event('completed', await enqueue(h, 'records', { id: attempt }))
    assert.equal(attempts(t, h)[0]?.outcome, 'ok')
  })

  test('is ended with the run that has begun it, whatever becomes of the run', async (t) => {
    const h = await open(t)
    await h.event('completed', await enqueue(h, 'begins'))
    await dies(h, 'fails')
    await h.event('completed', await enqueue(h, 'beginsTwice'))
    const { job } = await attempting(h)
    await h.runtime.cancel(job)
    h.release(job)
    await h.until(
      () => h.told('completed', job).length + h.told('cancelled', job).length > 0,
      'end',
    )
    const ends = attempts(t, h).map(({ outcome, error }) => [outcome, error])
    assert.deepEqual(ends.slice(0, 4), [
      ['interrupted', 'the run completed without an end of the attempt'],
      ['interrupted', 'Error: no end of the attempt'],
      ['interrupted', 'the run has begun another attempt'],
      ['ok', null],
    ])
    assert.notEqual(ends[4]?.[0], null)
  })
})

describe('I5, I12: a forged outcome', () => {
  const failed = {
    ...{ type: 'failed', error: { name: 'Error', message: 'forged' }, permanent: true },
    deliveries: [],
  }
  const outcomes: Record<string, object> = {
    'a failure with follow-ups that are none': { ...failed, followUps: 5 },
    'a failure with events that are none': { ...failed, publications: [{ hook: 'all' }] },
    'events without sense': {
      ...{ type: 'completed', followUps: [], deliveries: [] },
      publications: [{ guid: null }],
    },
    'a record without sense': {
      ...{ type: 'completed', followUps: [] },
      deliveries: [{ ...aDelivery({ responseBody: null }), id: 'all' }],
    },
  }
  for (const [what, outcome] of Object.entries(outcomes)) {
    test(`with ${what} harms nobody else`, async (t) => {
      const h = await open(t)
      const forger = await enqueue(h, 'forges', { outcome })
      const { error } = await h.event('dead', forger)
      assert.match(error.message, /forged|the outcome of the run is damaged/)
      await h.runtime.stop()
      assert.deepEqual(h.told('error'), [])
      assert.deepEqual(attempts(t, h), [])
    })
  }
})
