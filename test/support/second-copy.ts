import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type Database from 'better-sqlite3'
import { temporaryFolder } from './folder.ts'

/** What a compiled better-sqlite3 loads: itself, and two small packages that find its binary. */
const PACKAGES = ['better-sqlite3', 'bindings', 'file-uri-to-path']
/** The sources, and what their compilation leaves. */
const UNUSED = /[/\\]better-sqlite3[/\\](deps|src|build[/\\]Release[/\\].*(obj.*|\.a))$/

/** Another copy of better-sqlite3, and so of SQLite, as a nested install gives to a host. */
export async function secondCopy(t: TestContext): Promise<typeof Database> {
  return secondCopyIn(await temporaryFolder(t))
}

/** As {@link secondCopy}, in a folder that the caller removes. */
export async function secondCopyIn(folder: string): Promise<typeof Database> {
  const manifest = createRequire(import.meta.url).resolve('better-sqlite3/package.json')
  const installed = dirname(dirname(manifest))
  for (const name of PACKAGES) {
    const from = join(installed, name)
    const to = join(folder, 'node_modules', name)
    const filter = (path: string): boolean => !UNUSED.test(path)
    if (existsSync(from)) await cp(from, to, { recursive: true, filter, dereference: true })
  }
  return createRequire(join(folder, 'host.js'))('better-sqlite3') as typeof Database
}
