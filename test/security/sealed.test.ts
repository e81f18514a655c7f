import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { Runtime } from '../../src/index.ts'
import { built, BUILT_ENTRY } from '../support/built.ts'
import { temporaryFolder } from '../support/folder.ts'
import { openStore } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'

const SECRETS = {
  secret: 'hunter2-secret',
  older: 'hunter2-older',
  authorization: 'hunter2-authorization',
  query: 'hunter2-query',
  userinfo: 'hunter2-userinfo',
}
const ENCODED = { query: 'hunter2%2Fencoded', read: 'hunter2/encoded' }

/** The statuses of the receivers. Each receiver repeats all that it was sent. */
const STATUSES = [200, 500, 404, 410, 302]

/** A receiver that repeats headers and URL of its request, in headers and body. */
async function echo(t: TestContext, status: number) {
  return httpEndpoint(t, (response, { path, headers }) => {
    response.setHeader('X-Path', String(path))
    response.setHeader('X-Authorization', String(headers.authorization))
    response.setHeader('Location', String(path))
    response.writeHead(status).end(JSON.stringify({ path, headers }))
  })
}

async function openRuntime(t: TestContext, log: string) {
  const file = join(await temporaryFolder(t), 'queue.db')
  const store = await openStore(t, { file, webhooks: { key: new Uint8Array(32).fill(9) } })
  const runtime = new Runtime(store, {
    handlers: built(new URL('./secretive.ts', import.meta.url)),
    threadEntry: BUILT_ENTRY,
    config: { secret: '' },
    logger: pino({ level: 'trace' }, pino.destination({ dest: log, sync: true })),
  })
  t.after(() => runtime.stop({ timeout: 0 }))
  runtime.register('deliver_webhook' as never, { maxAttempts: 2, backoff: { delay: 0 } })
  return { file, store, runtime }
}

test('no secret of a webhook is in clear in the file, its WAL, an event or a log line', async (t) => {
  const log = join(await temporaryFolder(t), 'log')
  const { file, store, runtime } = await openRuntime(t, log)
  const events: string[] = []
  runtime.onAny((name, data) => {
    events.push(`${name} ${inspect(data, { depth: Infinity })}`)
  })
  const query = `?token=${SECRETS.query}&other=${ENCODED.query}`
  const authorization = `Bearer ${SECRETS.authorization}`
  let received = 0
  for (const status of STATUSES) {
    const { url, received: got } = await echo(t, status)
    const { older: secret } = SECRETS
    const hook = { url: `${url}/hook${query}`, secret, authorization, standard: true }
    const webhook_pk = await store.webhooks.create(hook)
    await store.webhooks.rotateSecret(webhook_pk, SECRETS.secret)
    const given = { webhook_pk, event: 'push', payload: { ref: 'refs/heads/main' } }
    await runtime.enqueue('deliver_webhook' as never, given as never)
    while (await runtime.runOnce());
    assert.ok(got[0]?.path?.includes(SECRETS.query))
    assert.equal(got[0]?.headers.authorization, authorization)
    received += got.length
    const [record] = (await store.webhooks.deliveries({ hook: webhook_pk })).deliveries
    assert.match(Buffer.from(record!.responseBody!).toString(), /"path":"\/hook\?token=\*\*\*/)
  }
  assert.ok(received >= STATUSES.length)
  const refused = { url: `https://u:${SECRETS.userinfo}@hooks.localhost/` }
  await assert.rejects(
    store.webhooks.create(refused),
    (error) => !inspect(error).includes('hunter2'),
  )

  const places = new Map([
    ...readdirSync(dirname(file)).map((name) => {
      return [name, readFileSync(join(dirname(file), name), 'latin1')] as const
    }),
    ['log', readFileSync(log, 'utf8')] as const,
    ['events', events.join('\n')] as const,
    ['hooks', inspect(await store.webhooks.list(), { depth: 9 })] as const,
  ])
  assert.ok(places.has('queue.db-wal'))
  assert.match(places.get('queue.db-wal')!, /helve:1:/)
  assert.match(places.get('log')!, /job completed/)
  for (const [name, value] of Object.entries({ ...SECRETS, ...ENCODED })) {
    const found = [...places].filter(([, text]) => text.includes(value)).map(([place]) => place)
    // Whoever may see hooks may see their whole URLs.
    const isShown = value === SECRETS.query || value === ENCODED.query
    assert.deepEqual(found, isShown ? ['hooks'] : [], name)
  }
})
