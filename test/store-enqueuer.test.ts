import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreEnqueuer } from '../src/store-enqueuer.ts'
import { HelveError } from '../src/job/errors.ts'
import type { JobStore } from '../src/store/store.ts'
import { refusal } from './support/jobs.ts'

const RESULT = { id: 1, deduped: false, state: 'queued' } as const

/** A store that refuses `refusals` times with this code, and then accepts. */
function aStore(code: HelveError['code'], refusals: number) {
  let tries = 0
  const store: JobStore = {
    enqueue: async () => {
      tries += 1
      if (tries <= refusals) throw new HelveError(code, 'file: refused')
      return RESULT
    },
  }
  return { store, tries: () => tries }
}

test('goes on trying while others hold the write lock: a push is not forgotten', async () => {
  const { store, tries } = aStore('HELVE_ERR_STORE_BUSY', 3)
  assert.deepEqual(await new StoreEnqueuer(store).enqueue('a'), RESULT)
  assert.equal(tries(), 4)
})

test('gives up after its busy timeout, and tells why', async () => {
  const { store, tries } = aStore('HELVE_ERR_STORE_BUSY', Infinity)
  const enqueuer = new StoreEnqueuer(store, { busyTimeout: 0 })
  await assert.rejects(enqueuer.enqueue('a'), refusal('HELVE_ERR_STORE_BUSY', 'file'))
  assert.equal(tries(), 1)
})

test('does not try again after an error that no further try can mend', async () => {
  const { store, tries } = aStore('HELVE_ERR_STORE_FULL', Infinity)
  await assert.rejects(new StoreEnqueuer(store).enqueue('a'), refusal('HELVE_ERR_STORE_FULL'))
  assert.equal(tries(), 1)
})

test('I10: refuses bad options by name', () => {
  const { store } = aStore('HELVE_ERR_STORE_BUSY', 0)
  const bad = refusal('HELVE_ERR_OPTION', 'busyTimeout')
  assert.throws(() => new StoreEnqueuer(store, { busyTimeout: -1 }), bad)
  assert.throws(() => new StoreEnqueuer(store, { busyTimeouts: 5 } as object), bad)
})

test('I10: refuses a value that is no store, and says what was meant', () => {
  const opening = Promise.resolve(aStore('HELVE_ERR_STORE_BUSY', 0).store)
  const given: [store: unknown, came: string][] = [
    [opening, 'a promise of one'],
    ['queue.db', '"queue.db"'],
    [undefined, 'undefined'],
  ]
  for (const [store, came] of given) {
    const refused = refusal('HELVE_ERR_OPTION', 'store', came, 'await SqliteStore.open(file)')
    assert.throws(() => new StoreEnqueuer(store as JobStore), refused)
  }
})
