import * as crash from './crash/crash.ts'
import * as drain from './drain/drain.ts'
import * as model from './model/model.ts'
import * as mutants from './mutants/mutants.ts'
import type { Part } from './part.ts'
import * as poison from './poison/poison.ts'
import * as powerCut from './power-cut/power-cut.ts'
import * as soak from './soak/soak.ts'
import * as storageFaults from './storage-faults/storage-faults.ts'
import * as walMutations from './wal-mutations/wal-mutations.ts'
import * as webhookKills from './webhook-kills/webhook-kills.ts'

/** The parts by name: a further part is one more entry. */
export const PARTS: Record<string, Part> = {
  crash,
  'webhook-kills': webhookKills,
  'power-cut': powerCut,
  'wal-mutations': walMutations,
  'storage-faults': storageFaults,
  model,
  poison,
  drain,
  soak,
  mutants,
}
