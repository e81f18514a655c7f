import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { HelveError, Runtime } from '../../src/index.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'
import { built } from '../support/built.ts'
import { temporaryFolder } from '../support/folder.ts'
import { connect } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'
import { SECRETS, type Secret } from './secrets.ts'

/** The places where each secret may be found. */
const HOMES: Record<Secret, string[]> = {
  payload: ['helve_jobs.payload'],
  result: ['event completed'],
  config: [],
  threadEnvironment: [],
  processEnvironment: [],
  hookSecret: ['helve_webhooks.secret'],
  hookToken: ['helve_webhooks.url'],
  delivered: [
    'helve_jobs.payload',
    'helve_webhook_attempts.request_body',
    'helve_webhook_payloads.bytes',
  ],
  answerBody: ['helve_webhook_attempts.response_body'],
  answerHeader: ['helve_webhook_attempts.response_headers'],
  cookie: [],
  redirect: [],
}

/** How a job of each kind ends, and how often it is lost before. */
const ENDS: { kind: string; ends: 'completed' | 'dead' | 'snoozed'; lost?: number }[] = [
  { kind: 'completes', ends: 'completed' },
  { kind: 'returns', ends: 'completed' },
  { kind: 'fails', ends: 'dead' },
  { kind: 'dies', ends: 'dead' },
  { kind: 'snoozes', ends: 'snoozed' },
  { kind: 'hangs', ends: 'dead' },
  { kind: 'loops', ends: 'dead' },
  { kind: 'exits', ends: 'dead', lost: 2 },
  { kind: 'crashes', ends: 'dead', lost: 2 },
  { kind: 'unheardOf', ends: 'dead' },
  { kind: 'returnsBigInt', ends: 'completed' },
  { kind: 'returnsTooMuch', ends: 'completed' },
  { kind: 'tellsTooMuch', ends: 'dead' },
  { kind: 'enqueuesNaN', ends: 'dead' },
  { kind: 'enqueuesKey', ends: 'dead' },
  { kind: 'recordsNothing', ends: 'dead' },
]

type Answer = Parameters<typeof httpEndpoint>[1]

/** The answers of a receiver. Their bodies and headers are secret. */
const ANSWERS: Record<string, Answer> = {
  accepts: (response) => response.writeHead(200, headers()).end(SECRETS.answerBody),
  fails: (response) => response.writeHead(500, headers()).end(SECRETS.answerBody),
  redirects: (response) =>
    response.writeHead(302, { ...headers(), location: `/?token=${SECRETS.redirect}` }).end(),
  'is gone': (response) => response.writeHead(410, headers()).end(SECRETS.answerBody),
  'hangs up': (response) => response.destroy(),
}

function headers(): Record<string, string> {
  return { 'set-cookie': `session=${SECRETS.cookie}`, 'x-request': SECRETS.answerHeader }
}

const AT_ONCE = { delay: 0, jitter: 0 }

async function openSecretive(t: TestContext, log: string): Promise<Harness> {
  process.env['HELVE_TEST_SECRET'] = SECRETS.processEnvironment
  t.after(() => delete process.env['HELVE_TEST_SECRET'])
  const h = await openHarness(t, {
    handlers: built(new URL('./secretive.ts', import.meta.url)),
    config: { secret: SECRETS.config },
    env: { FORGE_SECRET: SECRETS.threadEnvironment },
    logger: pino({ level: 'trace' }, pino.destination({ dest: log, sync: true })),
    threads: 2,
  })
  const policy = { maxAttempts: 2, timeout: 2_000, grace: 20, backoff: AT_ONCE }
  const known = ENDS.filter(({ kind }) => kind !== 'unheardOf')
  for (const { kind } of known) h.runtime.register(kind as never, policy)
  for (const kind of ['hangs', 'loops'])
    h.runtime.register(kind as never, { ...policy, timeout: 50 })
  h.runtime.register('deliver_webhook', policy)
  return h
}

function enqueue({ runtime }: Harness, ...given: unknown[]): Promise<{ id: number }> {
  return Reflect.apply(runtime.enqueue, runtime, given) as Promise<{ id: number }>
}

const payload = { secret: SECRETS.payload }

async function runEachEnd(h: Harness): Promise<void> {
  await enqueue(h, 'held', payload, { dedupeKey: 'held', delay: 3_600_000 })
  for (const { kind, ends, lost = 0 } of ENDS) {
    const { id } = await enqueue(h, kind, payload)
    await h.event(ends, id)
    assert.equal(h.told('lost', id).length, lost, kind)
  }
}

async function deliverToEach(t: TestContext, h: Harness): Promise<void> {
  for (const answer of Object.values(ANSWERS)) {
    const { url, received } = await httpEndpoint(t, answer)
    const hook = { url: `${url}/?token=${SECRETS.hookToken}`, secret: SECRETS.hookSecret }
    const webhook_pk = await h.store.webhooks.create(hook)
    const event = { ref: SECRETS.delivered }
    const { id } = await enqueue(h, 'deliver_webhook', {
      webhook_pk,
      event: 'push',
      payload: event,
    })
    await h.until(() => h.told('completed', id).length + h.told('dead', id).length === 1, 'its end')
    assert.ok(received[0]?.path?.includes(SECRETS.hookToken))
    const [delivery] = (await h.store.webhooks.deliveries({ hook: webhook_pk })).deliveries
    const signature = delivery!.requestHeaders['X-Hub-Signature-256']!
    assert.match(signature, /^sha256=/)
    signatures.push(signature)
    await publishTo(h, webhook_pk)
  }
}

/** Publishes the event to one hook, pings the hook, and sends the event again. */
async function publishTo(h: Harness, hook: number): Promise<void> {
  await h.runtime.webhooks.publish('push', { hook, payload: { ref: SECRETS.delivered } })
  await h.runtime.webhooks.ping(hook)
  await h.runtime.webhooks.redeliver({ hook, outcome: 'any' })
  for (;;) {
    const seen = h.events.length
    const { queued = 0, running = 0 } = (await h.runtime.counts())['deliver_webhook'] ?? {}
    if (queued + running === 0) return
    await h.until(() => h.events.length > seen, 'the next event')
  }
}

async function cancelAndStop(h: Harness): Promise<void> {
  const cancelled = await enqueue(h, 'waits', payload)
  await h.event('progress', cancelled.id)
  await h.runtime.cancel(cancelled.id)
  await h.event('cancelled', cancelled.id)
  const released = await enqueue(h, 'waits', payload)
  await h.event('progress', released.id)
  await h.runtime.stop({ timeout: 0 })
  await h.event('released', released.id)
}

const signatures: string[] = []

/** Every value of every column of helve's tables, by table and column. */
function rows(t: TestContext, file: string): Map<string, string> {
  const db = connect(t, file)
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()
  const values = new Map<string, string>()
  for (const table of tables as string[]) {
    for (const row of db.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[]) {
      for (const [column, value] of Object.entries(row)) {
        const place = `${table}.${column}`
        const text = Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
        values.set(place, `${values.get(place) ?? ''}\n${text}`)
      }
    }
  }
  return values
}

test('secrets are where they belong, and nowhere else', async (t) => {
  const log = join(await temporaryFolder(t), 'log')
  const h = await openSecretive(t, log)
  void h.run()
  await runEachEnd(h)
  await deliverToEach(t, h)
  await cancelAndStop(h)

  const places = rows(t, h.store.file)
  for (const { name, data } of h.events) {
    const place = `event ${name}`
    places.set(place, `${places.get(place) ?? ''}\n${inspect(data, { depth: Infinity })}`)
  }
  const lines = readFileSync(log, 'utf8')
  places.set('log', lines)
  assert.deepEqual(missing(lines), [])

  for (const [secret, value] of Object.entries(SECRETS)) {
    const found = [...places].filter(([, text]) => text.includes(value)).map(([place]) => place)
    assert.deepEqual(found.sort(), HOMES[secret as Secret].toSorted(), secret)
  }
  for (const signature of signatures) {
    const found = [...places].filter(([, text]) => text.includes(signature))
    assert.deepEqual(
      found.map(([place]) => place),
      ['helve_webhook_attempts.request_headers'],
    )
  }
})

/** The messages that the log lacks. Without them, the search for secrets proves nothing. */
function missing(lines: string): string[] {
  const messages = [
    ...[
      'job enqueued',
      'job started',
      'job completed',
      'job failed, and is retried',
      'job is dead',
    ],
    ...['job was lost, and runs again', 'job asked for a later run', 'job is cancelled'],
    ...['job was interrupted, and runs again', 'thread is up', 'thread is down', 'set up'],
    ...['looked at it', 'ran longer than 50 ms', 'expected a 2xx status, got 500'],
  ]
  return messages.filter((message) => !lines.includes(message))
}

describe('a refusal names the field, and shows no secret', () => {
  const { hookSecret: secret, hookToken: token, payload: data } = SECRETS
  const url = 'https://hooks.localhost/hook'
  const refused: Record<string, (h: Harness) => unknown> = {
    'a hook without a scheme': ({ store }) => store.webhooks.create({ url: `/hook?t=${token}` }),
    'a hook of another scheme': ({ store }) =>
      store.webhooks.create({ url: `ftp://u:${token}@hooks.localhost/` }),
    'a hook with a password': ({ store }) =>
      store.webhooks.create({ url: `https://u:${token}@hooks.localhost/` }),
    'a secret that is no text': ({ store }) =>
      store.webhooks.create({ url, secret: [secret] as never }),
    'a payload that is no JSON': (h) => enqueue(h, 'a', { of: data, size: NaN }),
    'a payload with a function': (h) => enqueue(h, 'a', { of: data, run: () => data }),
    'a payload that is too large': (h) => enqueue(h, 'a', data.repeat(100_000)),
    'a variable that is no text': ({ store }) =>
      new Runtime(store, { env: { TOKEN: [secret] as never } }),
  }
  for (const [what, refuse] of Object.entries(refused)) {
    test(what, async (t) => {
      const h = await openHarness(t)
      const shows = (error: unknown): boolean => inspect(error, { depth: 9 }).includes('hunter2')
      await assert.rejects(
        async () => refuse(h),
        (error) => error instanceof HelveError && !shows(error),
      )
    })
  }
})
