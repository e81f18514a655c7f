import { copyFile, link, rename, rm } from 'node:fs/promises'
import { aside, MEETS_WORK, type Fault } from './fault.ts'

const TAKEN: Omit<Fault, 'name'> = {
  ...MEETS_WORK,
  code: 'HELVE_ERR_STORE_LOST',
  silences: true,
  inflict: ({ file }) => rename(file, aside(file)),
  heal: ({ file }) => rename(aside(file), file),
}

/** The path does not lead to the file any more, under the process that has it open. */
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
    name: 'folder moved',
    inflict: ({ folder }) => rename(folder, aside(folder)),
    heal: ({ folder }) => rename(aside(folder), folder),
  },
]
