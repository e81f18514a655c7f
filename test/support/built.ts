import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url).href

/**
 * The same module as built, if it is TypeScript: a thread or a process that has to compile what it
 * loads takes five times as long to start.
 */
export function built(module: URL): URL {
  const { href } = module
  if (!href.endsWith('ts')) return module
  return new URL(href.replace(ROOT, `${ROOT}dist/`).replace(/ts$/, 'js'))
}

/** What the threads start with. */
export const BUILT_ENTRY = fileURLToPath(built(new URL('../../workers/start.cts', import.meta.url)))
