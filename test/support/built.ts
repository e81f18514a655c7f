import { fileURLToPath } from 'node:url'

const OWN = new URL('../../', import.meta.url).href

/** The root of the repository, as a URL, whether this file runs as it is written or as built. */
export const ROOT = OWN.replace(/\/dist\/$/, '/')
/** The folder that `npm run build` makes, as a URL. */
export const DIST = `${ROOT}dist/`

/**
 * A module as built, if it is TypeScript: a thread or a process that has to compile what it loads
 * takes five times as long to start.
 */
export function built(module: URL): URL {
  const { href } = asWritten(module)
  if (!href.endsWith('ts')) return new URL(href)
  return new URL(href.replace(ROOT, DIST).replace(/ts$/, 'js'))
}

/** The source of a built file. Files that the build leaves out are found there, too. */
export function asWritten(file: URL): URL {
  return new URL(file.href.replace(DIST, ROOT))
}

const ENTRY = new URL('workers/start.cts', ROOT)
/** The built file that threads start with. */
export const BUILT_ENTRY = fileURLToPath(built(ENTRY))
/** The source that threads start with that compile TypeScript. */
export const SOURCE_ENTRY = fileURLToPath(ENTRY)
