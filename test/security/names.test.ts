import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EnqueueResult } from '../../src/index.ts'
import type { PauseTarget } from '../../src/job/pause.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'
import { refusal } from '../support/jobs.ts'
import { connect } from '../support/store.ts'

const SENDERS = new URL('./senders.ts', import.meta.url)

/** Names that a lookup would find in every object, and names that are paths. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '../x', '/x']

/** Calls `enqueue` without types, as JavaScript does. */
async function enqueue({ runtime }: Harness, ...given: unknown[]): Promise<EnqueueResult> {
  return Reflect.apply(runtime.enqueue, runtime, given) as Promise<EnqueueResult>
}

function register({ runtime }: Harness, ...given: unknown[]): void {
  Reflect.apply(runtime.register, runtime, given)
}

/** Each call of a runtime that takes a kind. */
const DOORS: Record<string, (h: Harness, kind: string) => unknown> = {
  enqueue,
  'register a policy': (h, kind) => register(h, kind, {}),
  'register a function': (h, kind) => register(h, kind, () => 1),
  list: ({ runtime }, kind) => runtime.list({ kind }),
  pause: ({ runtime }, kind) => runtime.pause({ kind }),
  resume: ({ runtime }, kind) => runtime.resume({ kind }),
}

describe('a handler is found only by the name that it has in the handlers module', () => {
  for (const name of NAMES) {
    for (const [door, use] of Object.entries(DOORS)) {
      test(`${name} is refused: ${door}`, async (t) => {
        const h = await openHarness(t)
        const refused = refusal('HELVE_ERR_KIND', /^kind: /, JSON.stringify(name))
        await assert.rejects(async () => use(h, name), refused)
        assert.deepEqual(await h.runtime.counts(), {})
      })
    }

    test(`${name}, written into the file by hand, is dead, and the others run`, async (t) => {
      const h = await openHarness(t)
      const { id } = await h.runtime.enqueue('echo')
      const { id: other } = await h.runtime.enqueue('echo', { n: 1 })
      connect(t, h.store.file).exec(`
        UPDATE helve_jobs SET kind = '${name}' WHERE id = ${id};
        UPDATE helve_queues SET queued = 1;
        INSERT INTO helve_queues (kind, priority, queued, ready_at) VALUES ('${name}', 0, 1, 0)`)
      const counts = await h.runtime.counts()
      assert.deepEqual(Object.keys(counts).sort(), [name, 'echo'].sort())
      void h.run()
      const { error } = await h.event('dead', id)
      assert.deepEqual(
        [error.name, error.message],
        ['NoHandlerError', `no handler for kind ${name}`],
      )
      await h.event('completed', other)
      assertNothingInherited()
    })
  }
})

/** Own keys that a careless merge would take for the prototype. */
const HOSTILE = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"n":1}'
const KEYS = ['__proto__', 'constructor', 'n']

/** What a thread tells of {@link HOSTILE}: plain data with these own keys, nothing inherited. */
const INTACT = { text: HOSTILE, keys: KEYS, inherited: null, prototype: true }

function hostile(): Record<string, unknown> {
  return JSON.parse(HOSTILE) as Record<string, unknown>
}

function assertNothingInherited(): void {
  for (const name of ['polluted', 'queued', 'running', 'dead']) {
    assert.equal(name in {} || name in Object, false, name)
  }
}

/** Runs one job of the senders, and gives what it returned. */
async function result(h: Harness, kind: string, payload?: unknown): Promise<unknown> {
  const { id } = await enqueue(h, kind, payload)
  return (await h.event('completed', id)).result
}

describe('own keys named __proto__ and constructor change nothing that objects inherit', () => {
  test('in a config: it arrives as it is', async (t) => {
    const h = await openHarness(t, { handlers: SENDERS, config: hostile() })
    void h.run()
    assert.deepEqual(await result(h, 'config'), INTACT)
    assertNothingInherited()
  })

  test('in a payload: __proto__ is refused, constructor arrives', async (t) => {
    const h = await openHarness(t, { handlers: SENDERS })
    void h.run()
    await assert.rejects(result(h, 'payload', hostile()), refusal('HELVE_ERR_PAYLOAD', '__proto__'))
    const { ['__proto__']: _, ...payload } = hostile()
    const { keys, inherited } = (await result(h, 'payload', payload)) as typeof INTACT
    assert.deepEqual([keys, inherited], [['constructor', 'n'], null])
    assertNothingInherited()
  })

  test('in a payload that somebody wrote into the file by hand: it arrives as it is', async (t) => {
    const h = await openHarness(t, { handlers: SENDERS })
    const { id } = await enqueue(h, 'payload')
    connect(t, h.store.file).prepare('UPDATE helve_jobs SET payload = ?').run(HOSTILE)
    assert.deepEqual(Object.keys((await h.runtime.get(id))!.payload as object), KEYS)
    void h.run()
    assert.deepEqual((await h.event('completed', id)).result, INTACT)
    assertNothingInherited()
  })

  test('in a line that a handler logs, and in its result', async (t) => {
    const h = await openHarness(t, { handlers: SENDERS, config: hostile() })
    void h.run()
    const returned = await result(h, 'returnConfig')
    assert.deepEqual(Object.keys(returned as object), KEYS)
    assertNothingInherited()
  })

  const OPTIONS: Record<string, (h: Harness) => unknown> = {
    'those of a submission': ({ runtime }) => runtime.enqueue('echo', {}, hostile()),
    'a submission of many': ({ runtime }) =>
      runtime.enqueueMany([{ kind: 'echo', ...hostile() } as never]),
    'those of a kind': ({ runtime }) => runtime.register('echo', hostile()),
    'those of a backoff': ({ runtime }) => runtime.register('echo', { backoff: hostile() }),
    'a query': ({ runtime }) => runtime.list(hostile()),
    'a target': ({ runtime }) => runtime.pause(hostile() as unknown as PauseTarget),
    'a hook': ({ store }) => store.webhooks.create(hostile() as never),
  }
  for (const [what, use] of Object.entries(OPTIONS)) {
    test(`in options, they are refused as misspelt: ${what}`, async (t) => {
      const h = await openHarness(t)
      await assert.rejects(async () => use(h), /"__proto__"/)
      assertNothingInherited()
    })
  }
})
