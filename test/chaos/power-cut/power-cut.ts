import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures, PartOptions } from '../part.ts'
import { campaign, type Tally } from './campaign.ts'
import { compileRecorder, whyNoRecorder } from './recorder.ts'

/** How much a run of this part does. */
export interface PowerCutOptions extends PartOptions {
  /** Cuts with durability `power`. @default 20 */
  cuts?: number
  /** Cuts with durability `process`. @default 10 */
  weakCuts?: number
  /** Entries of a process's record, at most. @default 8000 */
  entries?: number
}

export const about = 'cuts the power under load'
export const share = { cuts: 2, weakCuts: 1, entries: 2_500 }

/** I1: cuts the power under load; with durability `power` no acknowledged enqueue is lost. */
export async function run(options: PowerCutOptions): Promise<Figures> {
  const why = await whyNoRecorder()
  if (why !== undefined) return { skipped: why }
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  try {
    const figures = await cutPower(folder, options)
    await rm(folder, { recursive: true })
    return figures
  } catch (error) {
    throw new Error(`${String(error)}\nfound in ${folder}`, { cause: error })
  }
}

async function cutPower(folder: string, options: PowerCutOptions): Promise<Figures> {
  const { seed, cuts = 20, weakCuts = 10, entries = 8_000 } = options
  const common = { seed, entries, folder, library: await compileRecorder(folder) }
  const power = await campaign({ ...common, cuts, durability: 'power', mayLose: false })
  const weak = await campaign({ ...common, cuts: weakCuts, durability: 'process', mayLose: true })
  // Without syncs, enqueues are lost: a turn that forgot its syncs would be found out.
  assert.ok(weak.mostLost > 0, 'durability process has lost nothing: these cuts are too kind')
  return { ...figures('power', power), ...figures('process', weak) }
}

function figures(durability: string, tally: Tally): Figures {
  const { acknowledged, hasty, lost, mostLost, moments, dirty, checkpoints, images } = tally
  return {
    [`${durability}: acknowledged enqueues`]: acknowledged,
    [`${durability}: of them before all was synced`]: hasty,
    [`${durability}: of them lost, when nothing unsynced is left of any kill`]: lost,
    [`${durability}: most that one cut took back`]: mostLost,
    [`${durability}: moments cut`]: moments,
    [`${durability}: of them with something unsynced`]: dirty,
    [`${durability}: of them inside a checkpoint`]: checkpoints,
    [`${durability}: remains opened and drained`]: images,
  }
}
