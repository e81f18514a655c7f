import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SEED } from '../part.ts'
import { run, share } from './webhook-kills.ts'

test('I1, I2: kill -9 while requests are under way loses no event and no attempt', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['requests killed']) >= share.kills)
})
