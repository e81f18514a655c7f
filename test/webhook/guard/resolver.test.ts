import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseHosts } from '../../../src/webhook/guard/hosts-file.ts'
import { LookupSlots } from '../../../src/webhook/guard/lookup-slots.ts'
import { askSystem } from '../../../src/webhook/guard/name-servers.ts'
import { HostResolver } from '../../../src/webhook/guard/resolver.ts'
import { temporaryFolder } from '../../support/folder.ts'

const { signal } = new AbortController()

/** Lookups that end when the test calls `end`. */
class Lookups {
  readonly started: string[] = []
  readonly #ends = new Map<string, () => void>()

  readonly ask = (host: string): Promise<string[]> => {
    this.started.push(host)
    return new Promise((resolve) => this.#ends.set(host, () => resolve([host])))
  }

  end(host: string): void {
    this.#ends.get(host)!()
  }
}

describe('parseHosts', () => {
  it('reads lines that hosts(5) allows, and skips other lines', () => {
    const hosts = parseHosts(
      [
        '# comment',
        '127.0.0.1\tlocalhost',
        '::1 localhost ip6-localhost # more',
        '  10.0.0.7   ci.corp.example   CI  ',
        '10.0.0.8 ci.corp.example.#no space',
        'fe80::1%lo0 linklocal',
        'not-an-address name',
        '10.0.0.9',
        '',
        'x',
        '10.0.0.10 __proto__ constructor\r',
      ].join('\n'),
    )
    assert.deepEqual(Object.fromEntries(hosts), {
      localhost: ['127.0.0.1', '::1'],
      'ip6-localhost': ['::1'],
      'ci.corp.example': ['10.0.0.7', '10.0.0.8'],
      ci: ['10.0.0.7'],
      ['__proto__']: ['10.0.0.10'],
      constructor: ['10.0.0.10'],
    })
  })
})

describe('HostResolver', () => {
  it('resolves localhost without a query', async () => {
    const resolver = new HostResolver({ ask: () => assert.fail('asked') })
    for (const host of ['localhost', 'a.localhost', 'a.b.localhost']) {
      assert.deepEqual(await resolver.resolve(host, signal), ['127.0.0.1', '::1'])
    }
  })

  it('reads its hosts file again when the file has changed', async (t) => {
    const hosts = join(await temporaryFolder(t), 'hosts')
    const resolver = new HostResolver({ hosts, ask: async () => ['8.8.8.8'] })
    const addresses = () => resolver.resolve('ci.example', signal)
    assert.deepEqual(await addresses(), ['8.8.8.8'])
    await writeFile(hosts, '10.0.0.7 ci.example')
    assert.deepEqual(await addresses(), ['10.0.0.7'])
    await writeFile(hosts, '10.0.0.8 ci.example')
    await utimes(hosts, 1_000, 1_000)
    assert.deepEqual(await addresses(), ['10.0.0.8'])
    await rm(hosts)
    assert.deepEqual(await addresses(), ['8.8.8.8'])
  })

  it('starts no lookup for a signal that has aborted', async () => {
    const resolver = new HostResolver({ ask: () => assert.fail('asked') })
    const reason = new Error('stopping')
    await assert.rejects(resolver.resolve('a.example', AbortSignal.abort(reason)), reason)
  })
})

describe('askSystem', () => {
  it('gives every address that getaddrinfo knows', async () => {
    const addresses = await askSystem('localhost')
    assert.ok(addresses.length > 0)
    for (const address of addresses) assert.match(address, /^(127\.0\.0\.1|::1)$/)
  })
})

describe('LookupSlots', () => {
  it('bounds the lookups in flight, and starts waiting lookups in their order', async () => {
    const lookups = new Lookups()
    const slots = new LookupSlots({ most: 2, mostOfZone: 2 })
    const run = (host: string) => slots.run(host, signal, () => lookups.ask(host))
    const runs = ['a.one', 'a.two', 'a.three', 'a.four'].map(run)
    await Promise.resolve()
    assert.deepEqual(lookups.started, ['a.one', 'a.two'])
    lookups.end('a.two')
    assert.deepEqual(await runs[1], ['a.two'])
    await turn()
    assert.deepEqual(lookups.started, ['a.one', 'a.two', 'a.three'])
    for (const host of ['a.one', 'a.three']) lookups.end(host)
    await turn()
    lookups.end('a.four')
    assert.deepEqual((await Promise.all(runs)).flat(), ['a.one', 'a.two', 'a.three', 'a.four'])
  })

  it('bounds the lookups of a zone, so that lookups of other zones overtake them', async () => {
    const lookups = new Lookups()
    const slots = new LookupSlots({ most: 3, mostOfZone: 2 })
    const dead = Array.from({ length: 20 }, (_, at) => `${at}.dead.example`)
    const run = (host: string) => slots.run(host, signal, () => lookups.ask(host))
    const runs = [...dead, 'ci.alive.example2', 'ci.other.example3'].map(run)
    await Promise.resolve()
    assert.deepEqual(lookups.started, [...dead.slice(0, 2), 'ci.alive.example2'])
    lookups.end('ci.alive.example2')
    await runs[20]
    await turn()
    assert.equal(lookups.started.at(-1), 'ci.other.example3')
    lookups.end('0.dead.example')
    await runs[0]
    await turn()
    assert.equal(lookups.started.at(-1), '2.dead.example')
  })

  it('rejects at once on an abort, and keeps the slot until the lookup has ended', async () => {
    const lookups = new Lookups()
    const slots = new LookupSlots({ most: 1, mostOfZone: 1 })
    const [first, second] = [new AbortController(), new AbortController()]
    const run = (host: string, { signal }: AbortController) =>
      slots.run(host, signal, () => lookups.ask(host))
    const runs = [run('a.one', first), run('a.two', second), run('a.three', new AbortController())]
    const reason = new Error('stopping')
    second.abort(reason)
    await assert.rejects(runs[1]!, reason)
    first.abort(reason)
    await assert.rejects(runs[0]!, reason)
    await turn()
    assert.deepEqual(lookups.started, ['a.one'])
    lookups.end('a.one')
    await turn()
    assert.deepEqual(lookups.started, ['a.one', 'a.three'])
    lookups.end('a.three')
    assert.deepEqual(await runs[2], ['a.three'])
    for (const { signal } of [first, second]) {
      assert.deepEqual(getEventListeners(signal, 'abort'), [])
    }
  })

  it('takes the slot back from a lookup that aborts just when it gets the slot', async () => {
    // In each round the abort comes one more microtask later.
    for (let steps = 0; steps < 12; steps += 1) {
      const lookups = new Lookups()
      const slots = new LookupSlots({ most: 1, mostOfZone: 1 })
      const controller = new AbortController()
      const first = slots.run('a.one', signal, () => lookups.ask('a.one'))
      const second = slots.run('a.two', controller.signal, async () => 'a.two')
      await turn()
      lookups.end('a.one')
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      controller.abort(new Error('stopping'))
      await Promise.allSettled([first, second])
      const third = slots.run('a.three', signal, () => lookups.ask('a.three'))
      await turn()
      assert.equal(lookups.started.at(-1), 'a.three', `after ${steps} steps`)
      lookups.end('a.three')
      await third
    }
  })

  it('gives the slot back after a lookup that failed', async () => {
    const slots = new LookupSlots({ most: 1, mostOfZone: 1 })
    for (let at = 0; at < 3; at += 1) {
      const failing = slots.run('a.one', signal, () => Promise.reject(new Error('no')))
      await assert.rejects(failing, /no/)
    }
  })
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
