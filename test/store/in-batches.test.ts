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
    async () => undefined,
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

test('I9: a pause as long as the batch lies between two batches', async () => {
  const rests: number[] = []
  let now = 0
  const rest = async (ms: number): Promise<void> => void rests.push(ms)
  let batches = 0
  const batch = (limit: number): number => {
    batches += 1
    now += 3 * batches
    return batches < 3 ? limit : 0
  }
  await inBatches(batch, rest, () => now)
  assert.deepEqual(rests, [3, 6])
})
