import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run as cutPower } from './power-cut/power-cut.ts'

// A short share of what `npm run test:chaos` does at length.

const SEED = 20_260_101

test('I1: power cuts under load take back no acknowledged enqueue', async (t) => {
  const figures = await cutPower({ seed: SEED, cuts: 2, weakCuts: 1 })
  if (figures['skipped'] !== undefined) return t.skip(String(figures['skipped']))
  assert.ok(Number(figures['power: acknowledged enqueues']) > 50)
  assert.ok(Number(figures['power: of them with something unsynced']) > 0)
  assert.ok(Number(figures['process: most that one cut took back']) > 0)
})
