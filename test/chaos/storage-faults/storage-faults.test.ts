import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Runtime } from '../../../src/index.ts'
import { ROOT } from '../../support/built.ts'
import { Random } from '../../support/random.ts'
import { openStore } from '../../support/store.ts'
import { SEED } from '../part.ts'
import { submission } from '../power-cut/submissions.ts'
import { EventLoop } from './event-loop.ts'
import { FAULTS } from './faults.ts'
import { judge, type Evidence } from './judge.ts'
import { run, share } from './storage-faults.ts'
import { trial } from './trial.ts'

test('I1, I2: faults of the storage lose nothing, and work goes on after them', async () => {
  const figures = await run({ seed: SEED, ...share })
  for (const [name, figure] of Object.entries(figures)) {
    assert.match(String(figure), /^(HELVE_ERR_\w+, .* after|.* restarted in|skipped)/, name)
  }
  assert.equal(Object.keys(figures).length, 4)
})

test('I1: where no disk can be made, a file that may not grow is told as a full disk', async () => {
  const fault = FAULTS.find(({ name }) => name === 'full disk, at enqueue')!
  const finding = await trial(fault, { random: new Random(SEED), longest: 100, mounts: false })
  assert.equal(finding?.code, 'HELVE_ERR_STORE_FULL')
})

test('the runbook says what to do about the code of each fault', async () => {
  const runbook = await readFile(new URL('docs/operations.md', ROOT), 'utf8')
  for (const { name, code } of FAULTS) {
    if (code !== undefined)
      assert.match(runbook, new RegExp(`^- \\*\\*\`${code}\`\\*\\*: `, 'm'), name)
  }
})

describe('the judge of a fault', () => {
  const fault = FAULTS.find(({ name }) => name === 'file deleted')!

  /** The evidence when only the first submission is in the file. */
  async function evidence(t: TestContext, seen: Partial<Evidence>): Promise<Evidence> {
    const store = await openStore(t)
    const { kind, payload, options } = submission(1)
    await new Runtime(store).enqueue(kind, payload, options)
    await store.close()
    return { news: [], said: 'ack 1 1\n', remains: dirname(store.file), ...seen }
  }

  const cases: [what: string, seen: Partial<Evidence>, found: RegExp | undefined][] = [
    ['nothing wrong where all is well', {}, undefined],
    ['an acknowledged job that is lost', { said: 'ack 1 1\nack 2 2\n' }, /acknowledged, and lost/],
    [
      'a refused submission that is there',
      { news: [{ is: 'refused', code: 'HELVE_ERR_STORE_LOST', n: 1 }] },
      /refused, and there/,
    ],
    [
      'a code that is not of the fault',
      { news: [{ is: 'refused', code: 'SQLITE_IOERR', n: 7 }] },
      /told as something else/,
    ],
    [
      'a run whose end was forgotten',
      { said: 'ack 1 1\nstart 1 -\nend 1\nstart 1 -\nend 1\n' },
      /run twice/,
    ],
  ]
  for (const [what, seen, found] of cases) {
    test(`finds ${what}`, async (t) => {
      const judged = judge(fault, await evidence(t, seen))
      await (found ? assert.rejects(judged, found) : judged)
    })
  }
})

test('`EventLoop` sees a main thread that is held up', async () => {
  const loop = new EventLoop()
  loop.watch()
  await sleep(5)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80)
  await sleep(5)
  assert.ok(loop.longestBlock! > 60)
})
