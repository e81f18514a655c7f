import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/folder.ts'
import { SEED } from '../part.ts'
import { makeBase } from './base.ts'
import { judge } from './judge.ts'
import { run, share } from './wal-mutations.ts'

test('a damaged log opens as a prefix of the turns, or is refused', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['opened with a part of the turns, in order']) > 10)
})

test('the judge of a damaged log finds contents that no turn has left', async (t) => {
  const folder = await temporaryFolder(t)
  const { states, ...files } = await makeBase(join(folder, 'base'), 'logged', SEED)
  await assert.rejects(judge(join(folder, 'a'), files, states.slice(0, -1)), /no turn has left/)
  assert.equal(await judge(join(folder, 'b'), files, [...states, 'lost']), 1)
})
