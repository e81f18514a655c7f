import { copyFile, link, rename, rm } from 'node:fs/promises'
import { aside, MEETS_WORK, type Fault } from './fault.ts'

const TAKEN: Omit<Fault, 'name'> = {
  ...MEETS_WORK,
  code: 'HELVE_ERR_STORE_LOST',
  silences: true,
  inflict: ({ file }) => rename(file, aside(file)),
  heal: ({ file }) => rename(aside(file), file),
}

/** A process has the file open, and the file is no longer the process's own. */
export const TAKEN_AWAY: Fault[] = [
  {
    ...TAKEN,
    name: 'file deleted',
    inflict: ({ file }) => link(file, aside(file)).then(() => rm(file)),
  },
  {
    ...TAKEN,
    name: 'log deleted',
    then: 'restart',
    inflict: ({ file }) => rm(`${file}-wal`),
    heal: async () => undefined,
  },
  {
    ...TAKEN,
    name: 'lock of its owner deleted',
    then: 'restart',
    inflict: ({ file }) => rm(`${file}-owner`),
    heal: async () => undefined,
  },
  { ...TAKEN, name: 'file moved, stopped meanwhile', then: 'restart' },
  {
    ...TAKEN,
    name: 'file replaced',
    inflict: ({ file }) => rename(file, aside(file)).then(() => copyFile(aside(file), file)),
  },
  {
    ...TAKEN,
    name: 'opened by another copy of SQLite',
    then: 'restart',
    inflict: async (_, host) => host.send({ do: 'open twice', closes: false }),
    heal: async () => undefined,
  },
  {
    ...TAKEN,
    name: 'opened and closed by another copy of SQLite',
    then: 'restart',
    inflict: async (_, host) => host.send({ do: 'open twice', closes: true }),
    heal: async () => undefined,
  },
  {
    ...TAKEN,
    name: 'folder moved',
    inflict: ({ folder }) => rename(folder, aside(folder)),
    heal: ({ folder }) => rename(aside(folder), folder),
  },
]
