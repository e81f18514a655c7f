import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DIST } from '../../support/built.ts'

/** A change to one file of a build. */
export interface Edit {
  file: string
  /** Has to be in the file exactly once: a change that no longer fits is an error, no mutant. */
  from: string
  to: string
}

/** Makes a folder in which builds find their dependencies. */
export async function makeWorkshop(folder: string): Promise<void> {
  const manifest = createRequire(import.meta.url).resolve('better-sqlite3/package.json')
  await symlink(dirname(dirname(manifest)), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
}

/** Copies the repository's build into a folder of a workshop, and changes it. */
export async function makeBuild(folder: string, edits: Edit[]): Promise<string> {
  await mkdir(folder)
  for (const part of ['src', 'workers', 'test']) {
    await cp(fileURLToPath(DIST + part), join(folder, part), { recursive: true, filter: isNeeded })
  }
  for (const edit of edits) await apply(folder, edit)
  return folder
}

/** Leaves out the tests themselves, types and maps, which are most of the files. */
function isNeeded(path: string): boolean {
  return !/\.test\.js$|\.d\.c?ts$|\.map$/.test(path)
}

async function apply(folder: string, { file, from, to }: Edit): Promise<void> {
  const path = join(folder, file)
  const parts = (await readFile(path, 'utf8')).split(from)
  if (parts.length !== 2) {
    throw new Error(`${file}: expected once, got ${parts.length - 1} times: ${from}`)
  }
  await writeFile(path, parts.join(to))
}
