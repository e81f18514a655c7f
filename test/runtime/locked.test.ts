import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Runtime, SqliteStore } from '../../src/index.ts'
import { aJob, bury } from '../support/jobs.ts'
import { connect, openStore } from '../support/store.ts'

const TRIES = 3

/** Another connection holds the write lock until the store has tried `verb` {@link TRIES} times. */
function locked(t: TestContext, file: string, verb: 'join' | 'turn'): void {
  const other = connect(t, file)
  other.exec('BEGIN IMMEDIATE')
  const original = SqliteStore.prototype[verb] as (...args: unknown[]) => Promise<never>
  let tries = 0
  t.mock.method(SqliteStore.prototype, verb, function (this: SqliteStore, ...args: unknown[]) {
    tries += 1
    if (tries === TRIES) other.exec('COMMIT')
    return original.apply(this, args)
  })
}

for (const [verb, call] of Object.entries({
  join: (runtime: Runtime) => runtime.start().then(() => true),
  retry: (runtime: Runtime) => runtime.retry(1),
  discard: (runtime: Runtime) => runtime.discard(1),
  pruneDead: async (runtime: Runtime) => (await runtime.pruneDead(Date.now())) === 1,
  pause: (runtime: Runtime) => runtime.pause({ kind: 'reindex' }),
})) {
  test(`${verb} waits until another process lets go of the write lock`, async (t) => {
    const store = await openStore(t)
    assert.equal(await bury(store, aJob()), 1)
    const runtime = new Runtime(store)
    t.after(() => runtime.stop())
    locked(t, store.file, verb === 'join' ? 'join' : 'turn')
    assert.equal(await call(runtime), true)
  })
}
