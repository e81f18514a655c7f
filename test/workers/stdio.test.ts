import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { boundWrites } from '../../workers/stdio.ts'

/** A stream whose receiver takes a piece only when the test says so. */
function setUp(t: TestContext) {
  const taken: string[] = []
  const dropped: number[] = []
  let take: (() => void) | undefined
  const stream = new Writable({
    write(piece: Buffer, _, callback) {
      taken.push(piece.toString())
      take = callback
    },
  })
  const before = new Set(process.listeners('exit'))
  boundWrites(stream, (pieces) => dropped.push(pieces))
  const own = process.listeners('exit').filter((listener) => !before.has(listener))
  t.after(() => own.forEach((listener) => process.off('exit', listener)))
  const exit = (): void => own.forEach((listener) => Reflect.apply(listener, process, [0]))
  const takes = async (): Promise<void> => {
    take!()
    await new Promise(setImmediate)
  }
  return { stream, taken, dropped, takes, exit }
}

test('I9: the pieces written while another one is on its way are sent as one', async (t) => {
  const { stream, taken, dropped, takes } = setUp(t)
  for (let n = 0; n < 10_000; n += 1) stream.write(`${n}\n`)
  assert.deepEqual(taken, ['0\n'])
  await takes()
  const rest = Array.from({ length: 9_999 }, (_, n) => `${n + 1}\n`).join('')
  assert.deepEqual(taken.slice(1), [rest])
  await takes()
  stream.write('last')
  assert.equal(taken.at(-1), 'last')
  assert.deepEqual(dropped, [])
})

test('the pieces beyond 1 MiB are dropped, and told of once', async (t) => {
  const { stream, taken, dropped, takes } = setUp(t)
  stream.write('first')
  const line = 'x'.repeat(1_024)
  for (let n = 0; n < 1_030; n += 1) stream.write(line)
  await takes()
  assert.equal(taken[1]!.length, 1_048_576)
  assert.deepEqual(dropped, [6])
  await takes()
  stream.write('x'.repeat(2_000_000))
  assert.equal(taken.at(-1)!.length, 2_000_000)
  assert.deepEqual(dropped, [6])
})

test('a writer that heeds backpressure is told to wait, and when to go on', async (t) => {
  const { stream, takes } = setUp(t)
  assert.equal(stream.write('first'), true)
  assert.equal(stream.write('x'.repeat(70_000)), false)
  let drained = 0
  stream.on('drain', () => (drained += 1))
  await takes()
  assert.equal(drained, 1)
})

test('a piece may be bytes, in any encoding, with a callback', async (t) => {
  const { stream, taken, takes } = setUp(t)
  stream.write(Buffer.from('a'))
  stream.write('Yg==', 'base64')
  await new Promise<void>((resolve) => stream.write('c', () => resolve()))
  await new Promise<void>((resolve) => stream.write('ZA==', 'base64', () => resolve()))
  await takes()
  assert.deepEqual(taken, ['a', 'bcd'])
})

test('a piece of another type is refused as Node does, and the next ones go on', async (t) => {
  const { stream, taken, takes } = setUp(t)
  assert.throws(() => stream.write(5), { code: 'ERR_INVALID_ARG_TYPE' })
  assert.throws(() => stream.write(null), { code: 'ERR_STREAM_NULL_VALUES' })
  stream.write('a')
  await takes()
  stream.write('b')
  assert.deepEqual(taken, ['a', 'b'])
})

test('a piece keeps the bytes that it had when it was written, of any typed array', async (t) => {
  const { stream, taken, takes } = setUp(t)
  stream.write('first')
  const bytes = new Uint8Array(Buffer.from('abcdef'))
  const views = [new Uint16Array(bytes.buffer), new DataView(bytes.buffer, 1, 2), bytes]
  for (const view of views) {
    await new Promise<void>((resolve) => stream.write(view, () => resolve()))
  }
  bytes.fill(0)
  await takes()
  assert.deepEqual(taken, ['first', 'abcdefbcabcdef'])
})

test('the pieces that wait when the thread exits are sent', (t) => {
  const { stream, taken, exit } = setUp(t)
  stream.write('a')
  stream.write('b')
  exit()
  assert.equal(stream.writableLength, 2)
  assert.deepEqual(taken, ['a'])
})
