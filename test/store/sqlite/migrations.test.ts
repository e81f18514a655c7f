import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { jobs } from '../../../src/store/sqlite/migrations/001-jobs.ts'
import { limits } from '../../../src/store/sqlite/migrations/002-limits.ts'
import { queues } from '../../../src/store/sqlite/migrations/003-queues.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { connect, openStore } from '../../support/store.ts'

test('a file of before keeps its webhooks and deliveries', async (t) => {
  const file = join(await temporaryFolder(t), 'queue.db')
  const db = connect(t, file)
  db.exec(`${jobs}; ${limits}; ${queues};
    CREATE TABLE helve_meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO helve_meta VALUES ('schema', 3);
    INSERT INTO helve_webhooks VALUES
      (7, 'https://example.org/', 'old', 'form', '["push"]', 1, 0, NULL, 1700000000000, NULL);
    INSERT INTO helve_deliveries (webhook_id, guid, event, attempt, at, duration_ms, url,
        request_headers, request_body, truncated)
      VALUES (7, 'a', 'push', 1, 0, 1.5, 'https://example.org/', '{}', '{}', 0);`)
  const store = await openStore(t, { file, webhooks: { key: new Uint8Array(32) } })
  assert.deepEqual(await store.webhooks.get(7), {
    id: 7,
    url: 'https://example.org/',
    contentType: 'form',
    events: ['push'],
    active: true,
    insecureTls: false,
    target: null,
    standard: false,
    hasSecret: true,
    hasAuthorization: false,
    previousSecretUntil: null,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    lastResponse: null,
    failingSince: null,
    disabledAt: null,
    disabledReason: null,
  })
  const { secret, previousSecret, authorization } = (await store.getWebhook(7))!
  assert.deepEqual([secret, previousSecret, authorization], ['old', null, null])
  const [delivery] = (await store.webhooks.deliveries({ hook: 7 })).deliveries
  assert.equal(delivery?.redelivery, false)
})
