import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SEED } from '../part.ts'
import { MUTANTS, type Mutant } from './mutant.ts'
import { run, share } from './mutants.ts'

/** A build that does what the whole build does. */
const HARMLESS: Mutant = {
  experiment: 'late settle',
  edits: [
    {
      file: 'src/runtime/lifecycle.js',
      from: 'export const STOP_TIMEOUT = 20_000',
      to: 'export const STOP_TIMEOUT = 20_001',
    },
  ],
}

test('a build without one of its safeguards is caught', async () => {
  const figures = await run({ seed: SEED, ...share })
  for (const name of Object.keys(MUTANTS)) assert.match(String(figures[name]), /caught by/)
})

test('a mutant that survives is a violation', async () => {
  const survived = run({ seed: SEED, ...share, mutants: { harmless: HARMLESS } })
  await assert.rejects(survived, /harmless: it survived/)
})

test('a mutant that no longer fits is an error', async () => {
  for (const from of ['no such line', 'async']) {
    const mutants = {
      unfit: { ...HARMLESS, edits: [{ file: 'src/runtime/lifecycle.js', from, to: '' }] },
    }
    await assert.rejects(run({ seed: SEED, ...share, mutants }), /expected once, got \d+ times/)
  }
})
