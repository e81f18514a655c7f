import { fileURLToPath } from 'node:url'

const OWN = new URL('../../', import.meta.url).href

/** The root of the repository, as a URL, whether this file runs as it is written or as built. */
export const ROOT = OWN.replace(/\/dist\/$/, '/')
/** What `npm run build` has made, as a URL. */
export const DIST = `${ROOT}dist/`

/**
 * The same module as built, if it is TypeScript: a thread or a process that has to compile what it
 * loads takes five times as long to start.
 */
export function built(module: URL): URL {
  const { href } = asWritten(module)
  if (!href.endsWith('ts')) return new URL(href)
  return new URL(href.replace(ROOT, DIST).replace(/ts$/, 'js'))
}

/** The same file where it is written, and where that is, too, which the build leaves out. */
export function asWritten(file: URL): URL {
  return new URL(file.href.replace(DIST, ROOT))
}

const ENTRY = new URL('workers/start.cts', ROOT)
/** What the threads start with. */
export const BUILT_ENTRY = fileURLToPath(built(ENTRY))
/** The same for threads that compile what is TypeScript. */
export const SOURCE_ENTRY = fileURLToPath(ENTRY)
