import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures, PartOptions } from '../part.ts'
import { Violation } from '../crash/violation.ts'
import { makeBuild, makeWorkshop } from './build.ts'
import { EXPERIMENTS, type ExperimentName } from './experiments.ts'
import { MUTANTS, type Mutant } from './mutant.ts'

/** How much a run of this part does. */
export interface MutantsOptions extends PartOptions {
  /** How often each mutant is tried; the mutant has to be caught each time. @default 3 */
  trials?: number
  /** @default all */
  mutants?: Record<string, Mutant>
}

export const about = 'takes out one safeguard at a time, and looks whether that is found out'
export const share = { trials: 1 }

/** Each build without one safeguard is caught, by an experiment that the whole build passes. */
export async function run(options: MutantsOptions): Promise<Figures> {
  const { seed, trials = 3, mutants = MUTANTS } = options
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  try {
    await makeWorkshop(folder)
    const seeds = Array.from({ length: trials }, (_, i) => seed + i)
    const whole = await makeBuild(join(folder, 'whole'), [])
    const experiments = new Set(Object.values(mutants).map(({ experiment }) => experiment))
    for (const name of experiments) for (const one of seeds) await tryOut(name, whole, one)
    const figures: Figures = { 'trials of each': trials }
    for (const [name, mutant] of Object.entries(mutants)) {
      const build = await makeBuild(join(folder, name), mutant.edits)
      figures[name] = await caught(name, mutant, build, seeds)
    }
    return figures
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Tells by what a mutant is caught. @throws if it survives once, or fails in any other way */
async function caught(name: string, { experiment }: Mutant, build: string, seeds: number[]) {
  const found = new Set<string>()
  for (const seed of seeds) {
    try {
      await tryOut(experiment, build, seed)
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      found.add(error.message.split(':')[0]!)
      continue
    }
    throw new Error(`${name}: it survived the ${experiment}, seed ${seed}`)
  }
  return `caught by the ${experiment}: ${[...found].join('; ')}`
}

async function tryOut(name: ExperimentName, build: string, seed: number): Promise<void> {
  await EXPERIMENTS[name]({ seed, build, folder: await mkdtemp(join(build, 'trial-')) })
}
