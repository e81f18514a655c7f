import { createRequire } from 'node:module'
import Database from 'better-sqlite3'
import { HelveError } from '../../job/errors.ts'

/** The copy of better-sqlite3 that helve has loaded. */
export interface Library {
  /** Absolute path of its main module. */
  path: string
  version: string
}

/** Finds the loaded copy: threads have to load the same copy, and messages name it. */
export function library(): Library {
  const require = createRequire(import.meta.url)
  // A resolver may give `require` another copy than it has given the import above.
  const loaded = Object.values(require.cache).find((module) => module?.exports === Database)
  const path = loaded?.filename ?? require.resolve('better-sqlite3')
  const { version } = createRequire(path)('../package.json') as { version: string }
  return { path, version }
}

/** better-sqlite3 13 needs Node-API 10; on an older Node, it ends the process with SIGSEGV. */
export function checkBinary(nativeBinding: string | undefined): void {
  // A program built as a single executable brings its own binary, and has no package to look into.
  if (nativeBinding !== undefined) return
  const { version } = library()
  if (Number.parseInt(version) < 13 || Number(process.versions.napi) >= 10) return
  throw new HelveError(
    'HELVE_ERR_OPTION',
    `better-sqlite3: expected version 12 on Node ${process.version} (Node-API ` +
      `${process.versions.napi}), got ${version}, which needs Node-API 10 (Node 22.14)`,
  )
}
