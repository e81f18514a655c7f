import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { openDatabase } from '../../examples/forge/database.ts'
import { hooksApi } from '../../examples/forge/hooks-api.ts'
import { Repositories } from '../../examples/forge/repositories.ts'
import { serve } from '../../examples/forge/serve.ts'
import { deliverWebhookPolicy, Runtime } from '../../src/index.ts'
import type { GitHubDelivery, GitHubDeliveryDetail, GitHubHook } from '../../src/webhook/github.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { temporaryFolder } from '../support/folder.ts'
import { openStore } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'
import { difficultRepository, emptyRepository } from './sources.ts'

const HOOKS = '/repos/forge/full/hooks'

/** The API of a forge with the repositories `full` and `empty`, and a receiver. */
async function rigOf(t: TestContext) {
  const store = await openStore(t, { durability: 'process' })
  const runtime = new Runtime<unknown, { deliver_webhook: unknown }>(store, { logger: false })
  t.after(() => runtime.stop({ timeout: 0 }))
  const handler = deliverWebhookHandler({ hooks: store.webhooks })
  runtime.register('deliver_webhook', handler as never, deliverWebhookPolicy() as never)
  const { webhooks } = store
  const repositories = await repositoriesOf(t)
  const api = await serve(hooksApi({ webhooks, publisher: runtime.webhooks, repositories }))
  t.after(() => api.close())
  const { url, received } = await httpEndpoint(t, (response) => response.end('thanks'))
  const call = async (method: string, path: string, body?: unknown) => {
    const request = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${api.url}${path}`, { method, ...request })
    const text = await response.text()
    const { status, headers } = response
    return { status, link: headers.get('link'), body: (text && JSON.parse(text)) as unknown }
  }
  const create = async (hooks = HOOKS, more: object = {}): Promise<GitHubHook> => {
    const hook = { config: { url, content_type: 'json' }, ...more }
    return (await call('POST', hooks, hook)).body as GitHubHook
  }
  const drain = async (): Promise<void> => {
    while (await runtime.runOnce());
  }
  /** What came since the last call: event and GUID. */
  const came = async () => {
    await drain()
    const events = received.map(({ headers }) => headers['x-github-event'])
    return received.splice(0).map((request, i) => ({ event: events[i], ...request }))
  }
  return { api, url, store, runtime, call, create, came }
}

async function repositoriesOf(t: TestContext): Promise<Repositories> {
  const folder = await temporaryFolder(t)
  const db = openDatabase(':memory:')
  t.after(() => db.close())
  const insert = db.prepare('INSERT INTO repositories (source, name, path) VALUES (?, ?, ?)')
  for (const [name, make] of [
    ['full', difficultRepository],
    ['empty', emptyRepository],
  ] as const) {
    const path = await make(folder)
    insert.run(path, name, path)
  }
  return new Repositories(db)
}

describe('the forge’s API of webhooks', () => {
  test('creates a hook of a repository, pings it, and shows it', async (t) => {
    const { api, url, call, create, came, store } = await rigOf(t)
    const hook = await create(HOOKS, { events: ['push', 'issues'] })
    assert.equal(hook.url, `${api.url}${HOOKS}/${hook.id}`)
    assert.deepEqual(hook.config, { url, content_type: 'json', insecure_ssl: '0' })
    assert.deepEqual((await store.webhooks.get(hook.id))?.target, { type: 'repository', id: 1 })
    const [ping] = await came()
    assert.equal(ping?.event, 'ping')
    const { repository } = JSON.parse(ping.body.toString()) as { repository: object }
    assert.deepEqual(repository, { id: 1, name: 'full', full_name: 'forge/full' })
    const shown = (await call('GET', `${HOOKS}/${hook.id}`)).body as GitHubHook
    assert.equal(shown.last_response.code, 200)
    assert.deepEqual((await call('GET', HOOKS)).body, [shown])
  })

  test('shows the hooks of an owner to this owner alone', async (t) => {
    const { call, create } = await rigOf(t)
    const { id } = await create()
    const places = ['/orgs/forge/hooks', '/repos/forge/empty/hooks']
    for (const hooks of places) {
      assert.deepEqual((await call('GET', hooks)).body, [])
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        assert.equal((await call(method, `${hooks}/${id}`)).status, 404)
      }
      assert.equal((await call('POST', `${hooks}/${id}/pings`)).status, 404)
    }
    const other = await create('/orgs/forge/hooks')
    assert.equal(other.type, 'Organization')
    assert.equal((await call('GET', `/orgs/forge/hooks/${other.id}`)).status, 200)
    assert.equal((await call('GET', `${HOOKS}/${id}`)).status, 200)
  })

  test('changes and deletes a hook', async (t) => {
    const { call, create } = await rigOf(t)
    const { id } = await create()
    const changed = await call('PATCH', `${HOOKS}/${id}`, { add_events: ['issues'] })
    assert.deepEqual((changed.body as GitHubHook).events, ['push', 'issues'])
    assert.equal((await call('DELETE', `${HOOKS}/${id}`)).status, 204)
    assert.equal((await call('GET', `${HOOKS}/${id}`)).status, 404)
  })

  test('sends pings and tests, and no test to a hook without pushes', async (t) => {
    const { call, create, came } = await rigOf(t)
    const hooks = [
      await create(),
      await create(HOOKS, { events: ['issues'] }),
      await create('/repos/forge/empty/hooks'),
    ]
    await came()
    for (const { url } of hooks) {
      const { pathname } = new URL(url)
      for (const what of ['pings', 'tests']) {
        assert.equal((await call('POST', `${pathname}/${what}`)).status, 204)
      }
    }
    const events = (await came()).map(({ event }) => String(event))
    assert.deepEqual(
      events.toSorted((a, b) => a.localeCompare(b)),
      ['ping', 'ping', 'ping', 'push'],
    )
  })

  test('lists the deliveries by pages, shows one, and sends it again', async (t) => {
    const { api, call, create, came } = await rigOf(t)
    const { id } = await create()
    for (const _ of [1, 2]) await call('POST', `${HOOKS}/${id}/tests`)
    const [, , newest] = await came()
    const deliveries = `${HOOKS}/${id}/deliveries`
    const first = await call('GET', `${deliveries}?per_page=2`)
    const next = /^<(.*)>; rel="next"$/.exec(first.link ?? '')?.[1]?.slice(api.url.length)
    const rest = await call('GET', next ?? 'none')
    const all = [first, rest].flatMap(({ body }) => body as GitHubDelivery[])
    const told = all.map(({ event, status_code }) => [event, status_code])
    assert.deepEqual(told, [
      ['push', 200],
      ['push', 200],
      ['ping', 200],
    ])
    const { id: delivery, guid } = all[0]!
    assert.equal(newest?.headers['x-github-delivery'], guid)
    const one = await call('GET', `${deliveries}/${delivery}`)
    const { request, response } = one.body as GitHubDeliveryDetail
    assert.deepEqual(request.payload, JSON.parse(newest.body.toString()))
    assert.equal(response.payload, 'thanks')
    assert.equal((await call('POST', `${deliveries}/${delivery}/attempts`)).status, 202)
    const [again] = await came()
    assert.deepEqual([again?.headers['x-github-delivery'], again?.body], [guid, newest.body])
    for (const method of ['GET', 'POST']) {
      const path = `${deliveries}/777${method === 'POST' ? '/attempts' : ''}`
      assert.equal((await call(method, path)).status, 404)
    }
  })

  test('refuses what it cannot do, by status and message', async (t) => {
    const { api, call, create } = await rigOf(t)
    const { id } = await create()
    const metadata = { config: { url: 'http://169.254.169.254/latest/meta-data/' } }
    const refused = await call('POST', HOOKS, metadata)
    assert.equal(refused.status, 422)
    const { message } = refused.body as { message: string }
    assert.match(message, /webhooks\.allow permits, got 169\.254\.169\.254 \(link-local\)$/)
    assert.equal((await call('PATCH', `${HOOKS}/${id}`, metadata)).status, 422)
    assert.equal(((await call('GET', HOOKS)).body as object[]).length, 1)
    assert.equal((await call('GET', `${HOOKS}/${id}/deliveries?per_page=many`)).status, 422)
    const broken = await fetch(`${api.url}${HOOKS}`, { method: 'POST', body: '{' })
    assert.equal(broken.status, 400)
    for (const path of ['/', '/repos/forge/none/hooks', '/repos/other/full/hooks', `${HOOKS}/a`]) {
      assert.equal((await call('GET', path)).status, 404, path)
    }
    assert.equal((await call('GET', '/repos/forge/%ZZ/hooks')).status, 400)
  })
})
