import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBatches } from '../../src/store/in-batches.ts'

/** Takes `rows` rows in batches, each row in `msPerRow` milliseconds; gives the batches' limits. */
async function sizes(rows: number, msPerRow: number): Promise<number[]> {
  const limits: number[] = []
  let [left, now] = [rows, 0]
  const sum = await inBatches(
    (limit) => {
      limits.push(limit)
      const taken = Math.min(limit, left)
      left -= taken
      now += taken * msPerRow
      return taken
    },
    () => now,
  )
  assert.deepEqual([sum, left], [rows, 0])
  return limits
}

test('batches of small rows grow, up to 500', async () => {
  assert.deepEqual(await sizes(1_500, 0.001), [4, 8, 16, 32, 64, 128, 256, 500, 500, 500])
})

test('I9: batches of rows that take long shrink, down to one row', async () => {
  assert.deepEqual(await sizes(7, 1), [4, 4, 4])
  assert.deepEqual(await sizes(9, 3), [4, 2, 1, 1, 1, 1])
})

test('a batch that finds no row is the last batch', async () => {
  assert.deepEqual(await sizes(0, 1), [4])
  assert.deepEqual(await sizes(3, 0), [4, 8])
  assert.deepEqual(await sizes(4, 0), [4, 8])
})

test('I9: the event loop is served between two batches', async () => {
  let served = 0
  setImmediate(() => (served += 1))
  let batches = 0
  await inBatches((limit) => {
    assert.equal(served > 0, batches > 0)
    batches += 1
    return batches === 1 ? limit : 0
  })
  assert.equal(batches, 2)
})
