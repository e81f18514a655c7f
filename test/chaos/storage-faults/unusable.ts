import { chmod, rename, writeFile } from 'node:fs/promises'
import { AT_WORK, aside, MEETS_START, type Fault } from './fault.ts'
import { Page } from './page.ts'
import type { Scene } from './scene.ts'

const UNUSABLE: Omit<Fault, 'name' | 'code' | 'inflict' | 'heal'> = {
  ...MEETS_START,
  silences: true,
}

function damaged(): Omit<Fault, 'name'> {
  let page: Page
  return {
    ...MEETS_START,
    code: 'HELVE_ERR_STORE_CORRUPT',
    inflict: ({ file }) => (page = new Page(file)).spoil(),
    heal: () => page.putBack(),
  }
}

/** Leaves jobs that were running, so that the next owner looks at the whole file. */
async function crash(scene: Scene): Promise<void> {
  const host = scene.start(AT_WORK)
  await host.hear('ready')
  await host.kill()
}

function damagedByCrash(): Omit<Fault, 'name'> {
  const { inflict, ...fault } = damaged()
  return { ...fault, inflict: (scene, host) => crash(scene).then(() => inflict(scene, host)) }
}

/** A file that a process cannot work with. */
export const UNUSABLE_FILES: Fault[] = [
  {
    ...UNUSABLE,
    name: 'not a database',
    code: 'HELVE_ERR_STORE_CORRUPT',
    inflict: async ({ file }) => {
      await rename(file, aside(file))
      await writeFile(file, 'this is a letter to the editor\n'.repeat(200))
    },
    heal: ({ file }) => rename(aside(file), file),
  },
  {
    ...UNUSABLE,
    name: 'read-only file',
    code: 'HELVE_ERR_STORE_READONLY',
    inflict: ({ file }) => chmod(file, 0o444),
    // SQLite has given the log and its index the mode of the file.
    heal: ({ file }) => Promise.all(['', '-wal', '-shm'].map((end) => chmod(file + end, 0o600))),
  },
  {
    ...UNUSABLE,
    name: 'read-only folder',
    code: 'HELVE_ERR_STORE_READONLY',
    inflict: ({ folder }) => chmod(folder, 0o555),
    heal: ({ folder }) => chmod(folder, 0o700),
  },
  {
    ...UNUSABLE,
    name: 'missing folder',
    code: 'HELVE_ERR_OPTION',
    inflict: ({ folder }) => rename(folder, aside(folder)),
    heal: ({ folder }) => rename(aside(folder), folder),
  },
  { ...damaged(), name: 'damaged page, found at work', load: { ...AT_WORK, runs: false } },
  { ...damagedByCrash(), name: 'damaged page, found at start' },
]
