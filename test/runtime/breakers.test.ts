import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Runtime, type Handler, type KindOptions } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { visits } from '../support/runtime/handlers.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'
import { openStore } from '../support/store.ts'

async function tripping(t: TestContext, file?: string): Promise<Harness> {
  const h = await openHarness(t, file === undefined ? {} : { file })
  h.runtime.register('trips', { group: ({ group }) => group })
  void h.run()
  return h
}

describe('a group that a handler holds back', () => {
  test('is told, explained and listed, also after a restart; and starts once it is let go', async (t) => {
    const first = await tripping(t)
    await first.runtime.enqueue('trips', { group: 'a' })
    const { breaker } = await first.event('breaker:open')
    assert.deepEqual([breaker.kind, breaker.group], ['trips', 'a'])
    assert.equal(breaker.reason, 'a asked for a pause')
    await first.runtime.stop()

    const h = await tripping(t, first.store.file)
    const { id } = await h.runtime.enqueue('trips', { group: 'a' })
    await h.event('completed', (await h.runtime.enqueue('trips', { group: 'b' })).id)
    const why = await h.runtime.explain(id)
    assert.equal(why?.code, 'breaker')
    const reason = 'its group "a" is to be left alone (a asked for a pause): one job tries it at '
    assert.ok(why?.reason.startsWith(reason), why?.reason)
    const open = await h.runtime.breakers()
    assert.deepEqual(
      open.map(({ group, until }) => [group, until > Date.now()]),
      [
        ['a', true],
        ['b', true],
      ],
    )
    assert.equal(h.told('started', id).length, 0)
    assert.equal(await h.runtime.closeBreaker({ kind: 'trips', group: 'a' }), true)
    await h.event('completed', id)
    assert.equal(await h.runtime.closeBreaker({ kind: 'trips', group: 'c' }), false)
  })

  test('is let go by the runtime that owns the queue alone', async (t) => {
    const h = await tripping(t)
    await h.runtime.enqueue('trips', { group: 'a' })
    await h.event('breaker:open')
    const other = new Runtime(await openStore(t, { file: h.store.file }))
    t.after(() => other.stop())
    const closing = other.closeBreaker({ kind: 'trips', group: 'a' })
    await assert.rejects(closing, refusal('HELVE_ERR_OWNED', `process ${process.pid}`))
    assert.equal((await h.runtime.breakers()).length, 1)
  })

  const bad: [what: string, target: never, named: string][] = [
    ['no kind', { group: 'a' } as never, 'kind'],
    ['no group', { kind: 'trips' } as never, 'target.group'],
    ['an empty group', { kind: 'trips', group: '' } as never, 'group'],
    ['a misspelt key', { kind: 'trips', groups: 'a' } as never, 'target'],
  ]
  for (const [what, target, named] of bad) {
    test(`I10: is not let go by ${what}`, async (t) => {
      const h = await openHarness(t)
      await assert.rejects(h.runtime.closeBreaker(target), (error: Error) => {
        const code = named === 'kind' ? 'HELVE_ERR_KIND' : 'HELVE_ERR_OPTION'
        return refusal(code, named)(error)
      })
    })
  }
})

describe('an endpoint that does not answer', () => {
  for (const where of ['a thread', 'the main thread']) {
    test(`is left alone by all groups of a kind of ${where}, which spend nothing`, async (t) => {
      const h = await openHarness(t)
      const options: KindOptions = {
        group: ({ group }) => group,
        breaker: { failures: 2 },
        backoff: { delay: 60_000 },
      }
      if (where === 'a thread') h.runtime.register('visits', options)
      else h.runtime.register('inline:visits', visits as Handler, options)
      const kind = where === 'a thread' ? 'visits' : 'inline:visits'
      void h.run()
      for (const group of ['a', 'b']) {
        await h.event('retrying', (await h.runtime.enqueue(kind, { endpoint: 'x', group })).id)
      }
      const { id } = await h.runtime.enqueue(kind, { endpoint: 'x', group: 'c' })
      const reason = 'endpoint x has failed 2 times in a row: UnreachableError: no answer'
      assert.equal((await h.event('released', id)).reason, reason)
      const why = await h.runtime.explain(id)
      assert.match(
        why?.reason ?? '',
        /^its group "c" is to be left alone \(endpoint x has failed 2 /,
      )
      assert.equal((await h.runtime.get(id))?.attempts, 0)
      const open = await h.runtime.breakers()
      assert.deepEqual(open.map(({ group }) => group).toSorted(), ['c', 'endpoint x'])
      const other = await h.runtime.enqueue(kind, { endpoint: 'y', group: 'd' })
      await h.event('retrying', other.id)
      // The endpoint first: it would hold the group once more.
      for (const group of ['endpoint x', 'c']) await h.runtime.closeBreaker({ kind, group })
      await h.event('retrying', id)
    })
  }
})

test('I10: a breaker with bad options is refused by name', async (t) => {
  const h = await openHarness(t)
  const bad = {
    'breaker.failures': { failures: 0 },
    'breaker.ratio': { ratio: 2 },
    'breaker.runs': { runs: 1.5 },
    'breaker.window': { window: 0 },
    'breaker.pause': { pause: -1 },
    'breaker.maxPause': { maxPause: NaN },
    breaker: { fails: 3 },
  }
  for (const [named, breaker] of Object.entries(bad)) {
    const register = () => h.runtime.register('echo', { breaker: breaker as object })
    assert.throws(register, refusal('HELVE_ERR_OPTION', named))
  }
})
