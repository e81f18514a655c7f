import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../support/random.ts'
import type { Figures, PartOptions } from '../part.ts'
import { HISTORIES, makeBase, type Base } from './base.ts'
import { judge } from './judge.ts'
import { MUTATIONS } from './mutation.ts'

/** How much a run of this part does. */
export interface WalMutationsOptions extends PartOptions {
  /** Damaged logs in all. @default 250 */
  mutations?: number
}

export const about = 'damages the write-ahead log'
export const share = { mutations: 15 }

/** Damages the write-ahead log: the file then holds a prefix of the turns, or is refused. */
export async function run({ seed, mutations = 250 }: WalMutationsOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  const tally = { unharmed: 0, prefixes: 0, refused: 0, mostLost: 0 }
  try {
    const bases: Base[] = []
    for (const history of HISTORIES)
      bases.push(await makeBase(join(folder, history), history, seed))
    for (const base of bases) await assertWhole(join(folder, 'whole'), base)
    for (let i = 0; i < mutations; i += 1) {
      const lost = await mutate(join(folder, 'mutated'), bases, seed, i)
      if (lost === 'refused') tally.refused += 1
      else if (lost === 0) tally.unharmed += 1
      else tally.prefixes += 1
      if (lost !== 'refused') tally.mostLost = Math.max(tally.mostLost, lost)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return {
    mutations: mutations,
    'opened with a part of the turns, in order': tally.prefixes,
    'opened with all of them': tally.unharmed,
    'refused as damaged': tally.refused,
    'most turns that one took away': tally.mostLost,
  }
}

/** Asserts that all turns are there without damage. */
async function assertWhole(folder: string, base: Base): Promise<void> {
  assert.equal(await judge(folder, base, base.states), 0)
}

/** The i-th mutation of a seed: every base meets every kind of damage. */
async function mutate(folder: string, bases: Base[], seed: number, i: number) {
  const kinds = Object.keys(MUTATIONS)
  const base = bases[i % bases.length]!
  const kind = kinds[Math.floor(i / bases.length) % kinds.length]!
  const wal = MUTATIONS[kind]!(base, new Random(seed + i))
  try {
    return await judge(folder, { database: base.database, wal }, base.states)
  } catch (error) {
    const history = HISTORIES[i % bases.length]!
    throw new Error(`mutation ${i}: ${kind}, ${history}`, { cause: error })
  }
}
