import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DeliveryRecord } from '../../../src/job/delivery.ts'
import type { SqliteStore } from '../../../src/index.ts'
import { MOST_EXAMINED, type DeliveryQuery } from '../../../src/store/delivery-query.ts'
import { aDelivery, aJob, claimOne, completes, enqueue, NOW, turn } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const GUID = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
const OTHER = '11111111-cc78-11e3-81ab-4c9367dc0958'

async function keep(store: SqliteStore, ...deliveries: DeliveryRecord[]): Promise<void> {
  await enqueue(store, aJob({}))
  await turn(store, { settles: [completes(await claimOne(store), { deliveries })] })
}

describe('store.webhooks.deliveries', () => {
  const records: Partial<DeliveryRecord>[] = [
    { webhookId: 1, guid: GUID, event: 'push', outcome: 'ok', error: null },
    { webhookId: 2, guid: GUID, event: 'push', outcome: 'gone', error: 'no', at: NOW + 1_000 },
    { webhookId: 1, guid: OTHER, event: 'issues', outcome: 'temporary', error: 'no' },
    { webhookId: 1, guid: OTHER, event: 'issues', outcome: 'ok', error: null, at: NOW + 2_000 },
  ]
  const queries: [query: DeliveryQuery, ids: number[]][] = [
    [{}, [4, 3, 2, 1]],
    [{ hook: 1 }, [4, 3, 1]],
    [{ guid: GUID.toUpperCase() }, [2, 1]],
    [{ guid: GUID, hook: 2 }, [2]],
    [{ event: 'issues' }, [4, 3]],
    [{ hook: 1, outcome: 'ok' }, [4, 1]],
    [{ outcome: 'failed' }, [3, 2]],
    [{ outcome: 'open' }, []],
    [{ hook: 1, event: 'issues', outcome: 'failed' }, [3]],
    [{ from: NOW + 1_000 }, [4, 2]],
    [{ from: NOW + 1_000, to: NOW + 2_000 }, [2]],
    [{ before: 3 }, [2, 1]],
  ]
  for (const [query, ids] of queries) {
    test(`of ${JSON.stringify(query)}`, async (t) => {
      const store = await openStore(t, { durability: 'process' })
      await keep(store, ...records.map((record) => aDelivery(record)))
      const page = await store.webhooks.deliveries(query)
      assert.deepEqual(
        page.deliveries.map(({ id }) => id),
        ids,
      )
      assert.equal(page.next, undefined)
    })
  }

  test('goes on at the end of a full page', async (t) => {
    const store = await openStore(t, { durability: 'process' })
    await keep(store, ...records.map((record) => aDelivery(record)))
    const { deliveries, next } = await store.webhooks.deliveries({ limit: 3 })
    assert.deepEqual([deliveries.length, next], [3, 2])
    const rest = await store.webhooks.deliveries({ limit: 3, before: next! })
    assert.deepEqual([rest.deliveries.length, rest.next], [1, undefined])
  })

  test('ends a page after so many records, found or not', async (t) => {
    const store = await openStore(t, { durability: 'process' })
    const found = aDelivery({ event: 'rare' })
    await keep(store, found)
    for (let left = MOST_EXAMINED; left > 0; left -= 1_000) {
      await keep(store, ...Array.from({ length: 1_000 }, () => aDelivery({})))
    }
    const { deliveries, next } = await store.webhooks.deliveries({ event: 'rare' })
    assert.deepEqual([deliveries, next], [[], 2])
    const rest = await store.webhooks.deliveries({ event: 'rare', before: next! })
    assert.deepEqual([rest.deliveries.length, rest.next], [1, undefined])
  })

  const bad: [object, RegExp][] = [
    [{ hook: 0 }, /^hook: expected/],
    [{ guid: 'x' }, /^guid: expected a UUID, got "x"/],
    [{ event: 'a\nb' }, /^event: expected/],
    [{ outcome: 'bad' }, /^outcome: expected/],
    [{ from: -1 }, /^from: expected/],
    [{ before: 0 }, /^before: expected/],
    [{ limit: 1_001 }, /^limit: expected/],
    [{ webhook: 1 }, /^query: .*"webhook"/],
  ]
  for (const [query, message] of bad) {
    test(`refuses ${JSON.stringify(query)}`, async (t) => {
      const store = await openStore(t)
      const refusal = { code: 'HELVE_ERR_OPTION', message }
      await assert.rejects(store.webhooks.deliveries(query), refusal)
    })
  }
})
