import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AT_WORK, MEETS_WORK, type Fault } from './fault.ts'
import type { Host } from './host.ts'
import type { Scene } from './scene.ts'

const FULL: Omit<Fault, 'name'> = {
  ...MEETS_WORK,
  code: 'HELVE_ERR_STORE_FULL',
  place: 'small disk',
  inflict: (scene, host) => scene.fill(host),
  heal: (scene, host) => scene.makeRoom(host),
}

/** Has the process begin the rest of its work when nothing more can be written. */
async function fillAndGoOn(scene: Scene, host: Host): Promise<void> {
  await scene.fill(host)
  host.send({ do: 'work' })
}

async function backUp({ disk }: Scene, host: Host): Promise<void> {
  await disk!.fill()
  host.send({ do: 'backup', path: join(disk!.path, 'copy.db') })
}

/** There is no space left. The commit fails: before the commit nothing is written to the disk. */
export const FULL_DISK: Fault[] = [
  {
    ...FULL,
    name: 'full disk, at settle',
    load: { ...AT_WORK, produces: false, ends: false },
    inflict: fillAndGoOn,
  },
  {
    ...FULL,
    name: 'full disk, at claim',
    load: { ...AT_WORK, produces: false, runs: false },
    inflict: fillAndGoOn,
  },
  { ...FULL, name: 'full disk, at enqueue', byPages: true, load: { ...AT_WORK, runs: false } },
  { ...FULL, name: 'full disk, at commits of all', byPages: true },
  { ...FULL, name: 'full disk, stopped meanwhile', then: 'restart' },
  { ...FULL, name: 'full disk, at start', meets: 'start', then: 'restart' },
  {
    ...FULL,
    name: 'full disk of a backup',
    place: 'beside a small disk',
    inflict: backUp,
    heal: async ({ disk }) => assert.deepEqual(await readdir(disk!.outside), ['ballast']),
  },
]
