import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { Runtime, SqliteStore } from '../../src/index.ts'
import { built, BUILT_ENTRY } from '../support/built.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signal } from '../support/signal.ts'
import { LOOPBACK_HOOKS } from '../support/store.ts'
import { httpEndpoint, listen } from '../support/webhook/endpoints.ts'

const SECRETS = {
  secret: 'hunter2-secret',
  previous: 'hunter2-previous',
  authorization: 'hunter2-authorization',
  query: 'hunter2-query',
  encoded: 'hunter2%2Fencoded',
  decoded: 'hunter2/encoded',
  bare: 'hunter2-bare',
  userinfo: 'hunter2-userinfo',
}
const QUERY = `?token=${SECRETS.query}&other=${SECRETS.encoded}&${SECRETS.bare}`
const TARGET = { type: 'repository', id: 5 }
const KEY = new Uint8Array(32).fill(9)
/** The statuses of receivers that repeat all that they were sent. */
const STATUSES = [200, 500, 404, 410, 302, 429]

type Places = Map<string, string>

/** A file with hooks and a runtime; everything that the runtime tells is kept. */
async function openRig(t: TestContext, key: Uint8Array | undefined) {
  const log = join(await temporaryFolder(t), 'log')
  const file = join(await temporaryFolder(t), 'queue.db')
  const told: string[] = []
  const errors: unknown[] = []
  /** Opens the file, with the key or without. */
  const open = async (own: Uint8Array | undefined) => {
    const safety = { ...LOOPBACK_HOOKS, ...(own && { key: own }) }
    const store = await SqliteStore.open(file, { webhooks: safety })
    const runtime = new Runtime(store, {
      handlers: built(new URL('./secretive.ts', import.meta.url)),
      threadEntry: BUILT_ENTRY,
      config: { secret: '' },
      logger: pino({ level: 'trace' }, pino.destination({ dest: log, sync: true })),
    })
    t.after(() => store.close())
    runtime.register('deliver_webhook' as never, { maxAttempts: 2, backoff: { delay: 0 } })
    runtime.onAny((name, data) => {
      told.push(`${name} ${inspect(data, { depth: Infinity })}`)
    })
    return { store, runtime }
  }
  return { ...(await open(key)), open, file, log, told, errors }
}

type Rig = Awaited<ReturnType<typeof openRig>>

/** A receiver that repeats headers and URL of its request, in headers and body. */
async function echo(t: TestContext, status: number): Promise<string> {
  const { url } = await httpEndpoint(t, (response, { path, headers }) => {
    response.setHeader('X-Path', String(path))
    response.setHeader('X-Authorization', String(headers.authorization))
    response.setHeader('Location', String(path))
    response.writeHead(status).end(JSON.stringify({ path, headers }))
  })
  return url
}

async function createHook({ store }: Rig, url: string, active = true): Promise<number> {
  const { previous: secret } = SECRETS
  const authorization = `Bearer ${SECRETS.authorization}`
  const hook = { url: `${url}/hook${QUERY}`, secret, authorization, standard: true, active }
  const id = await store.webhooks.create({ ...hook, target: TARGET })
  await store.webhooks.rotateSecret(id, SECRETS.secret)
  return id
}

async function drain({ runtime }: Pick<Rig, 'runtime'>): Promise<void> {
  while (await runtime.runOnce());
}

async function recordsOf({ store }: Pick<Rig, 'store'>) {
  const { deliveries } = await store.webhooks.deliveries({ limit: 1_000 })
  return deliveries
}

/** Publishes, pings and sends again, to receivers that accept, fail, disable and repeat. */
async function deliver(t: TestContext, rig: Rig): Promise<void> {
  const { runtime } = rig
  const hooks: number[] = []
  for (const status of STATUSES) hooks.push(await createHook(rig, await echo(t, status)))
  hooks.push(await createHook(rig, 'http://127.0.0.1:1', false))
  const publication = { target: TARGET, payload: { ref: 'refs/heads/main' } }
  // The second event finds the hook of the receiver that answers 410 disabled.
  for (let n = 0; n < 2; n += 1) {
    await runtime.webhooks.publish('push', publication)
    await drain(rig)
  }
  for (const hook of hooks) await runtime.webhooks.ping(hook, { repository: { id: 5 } })
  await drain(rig)
  for (const { id } of await recordsOf(rig)) await runtime.webhooks.redeliver(id)
  for (const hook of hooks) await runtime.webhooks.redeliver({ hook, outcome: 'any' })
  await drain(rig)
}

/** Stops the runtime while a request is under way. */
async function interrupt(t: TestContext, rig: Rig): Promise<void> {
  const begun = signal('a request')
  const server = http.createServer(() => begun.fire())
  const hook = await createHook(rig, `http://127.0.0.1:${await listen(t, server)}`)
  await rig.runtime.webhooks.ping(hook)
  void rig.runtime.run()
  await begun.wait()
  await rig.runtime.stop({ timeout: 0 })
}

/** What is refused; the errors go to whoever has called. */
async function provoke(rig: Rig): Promise<void> {
  const { store, errors } = rig
  const { authorization } = SECRETS
  const url = `https://u:${SECRETS.userinfo}@hooks.localhost/${QUERY}`
  const [hook] = await store.webhooks.list()
  const calls = [
    store.webhooks.create({ url }),
    store.webhooks.create({ url: `http://10.0.0.1/${QUERY}`, secret: SECRETS.secret }),
    store.webhooks.update(hook!.id, { url, secret: SECRETS.secret }),
    store.webhooks.update(hook!.id, { url: hook!.url, authorization: `${authorization}\n` }),
    store.webhooks.rotateSecret(hook!.id, `${SECRETS.secret}\n`),
  ]
  for (const call of calls) await call.catch((error: unknown) => errors.push(error))
  assert.equal(errors.length, calls.length)
}

/** Delivers once more, by a process that lacks the key. */
async function deliverWithoutKey(rig: Rig): Promise<void> {
  const keyless = await rig.open(undefined)
  await keyless.runtime.webhooks.publish('push', { target: TARGET, payload: { n: 1 } })
  await drain(keyless)
  const jobs = (await keyless.runtime.list({ state: 'dead' })).jobs
  rig.told.push(inspect(jobs, { depth: Infinity }))
  await keyless.runtime.stop()
  await keyless.store.close()
}

/** The files as they are, and their tables but the one of the hooks, which may show its URLs. */
function stored({ file }: Rig): { files: Places; tables: Places } {
  const files = readdirSync(dirname(file)).map((name): [string, string] => {
    return [name, readFileSync(join(dirname(file), name), 'latin1')]
  })
  const db = new Database(file, { readonly: true })
  const names = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()
  const tables = (names as string[])
    .filter((name) => name !== 'helve_webhooks')
    .map((name): [string, string] => {
      const rows = db.prepare(`SELECT * FROM "${name}"`).raw().all() as unknown[][]
      return [name, rows.flat().map(textOf).join('\n')]
    })
  db.close()
  return { files: new Map(files), tables: new Map(tables) }
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
}

for (const key of [KEY, undefined]) {
  test(`publishing tells no secret of a hook, ${key ? 'sealed' : 'in clear'}`, async (t) => {
    const rig = await openRig(t, key)
    await deliver(t, rig)
    await provoke(rig)
    await interrupt(t, rig)
    const records = await recordsOf(rig)
    const outcomes = new Set(records.map(({ outcome }) => outcome))
    const all = [
      'configuration',
      'gone',
      'interrupted',
      'never sent',
      'ok',
      'temporary',
      'throttled',
    ]
    assert.deepEqual([...outcomes].map(String).sort(), all)
    const disabled = (await rig.store.webhooks.list()).find((hook) => hook.disabledReason !== null)
    const { files, tables } = stored(rig)
    assert.ok(files.has('queue.db-wal') && files.has('queue.db-shm'))
    await rig.store.close()
    if (key) await deliverWithoutKey(rig)

    const log = readFileSync(rig.log, 'utf8')
    for (const line of ['job completed', 'job is dead', 'job failed, and is retried']) {
      assert.ok(log.includes(line), line)
    }
    assert.match(rig.told.join('\n'), /webhook:disabled/)
    const places: Places = new Map([
      ...(key ? files : []),
      ...tables,
      ['log', log],
      ['events', rig.told.join('\n')],
      ['errors', rig.errors.map((error) => inspect(error, { depth: Infinity })).join('\n')],
      ['records', inspect(records.map(legible), { depth: Infinity, maxStringLength: null })],
      ['reason', String(disabled?.disabledReason)],
      ['after', key ? [...stored(rig).files.values()].join('\n') : ''],
    ])
    for (const [name, value] of Object.entries(SECRETS)) {
      const found = [...places].filter(([, text]) => text.includes(value)).map(([place]) => place)
      assert.deepEqual(found, [], name)
    }
    const echoes = records.filter(({ responseBody }) => responseBody !== null).map(legible)
    assert.ok(echoes.some(({ responseBody }) => responseBody?.includes('/hook?token=***')))
  })
}

function legible<T extends { responseBody: Uint8Array | null }>(record: T) {
  const { responseBody } = record
  return { ...record, responseBody: responseBody && Buffer.from(responseBody).toString() }
}
