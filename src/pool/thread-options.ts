import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ThreadStart } from './piscina-thread.ts'

/** How the threads of a lane are started. */
export interface ThreadOptions extends ThreadStart {
  /** Hand-offs that one thread works at at once. */
  concurrency: number
  /**
   * Whether the lane keeps something for kinds that hold nothing of it: a thread that is up, or in
   * one whose threads run many jobs at once, a slot of each.
   */
  spare: boolean
  handlers: string
  config: unknown
  /** Shared: the lowest level that is worth a message at the moment. */
  logLevel: Int32Array
}

/** What a thread may see of the process's environment: nothing that is likely to be a secret. */
const ENVIRONMENT = [
  'HOME',
  'LANG',
  'LC_ALL',
  'NODE_ENV',
  'PATH',
  'TEMP',
  'TMP',
  'TMPDIR',
  'TZ',
  'USER',
]

/**
 * Threads share nothing with the process but these variables: what one job writes into its
 * environment the next one on its thread reads, and `NODE_OPTIONS` would reach the threads.
 */
export function threadEnvironment(own: Record<string, string>): Record<string, string> {
  const shared = ENVIRONMENT.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(shared), ...own }
}

/** What our own threads start with, beside this file as source or as built. */
export function defaultEntry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'cts' : 'cjs'
  return fileURLToPath(new URL(`../../workers/start.${extension}`, import.meta.url))
}

/**
 * The flags of a thread: none for built files. TypeScript needs tsx registered through its API,
 * since a `--import` of the process is not inherited in a form that works on Node 20; without tsx
 * Node strips the types itself (from 22.18 on).
 */
export function threadFlags(entry: string, handlers: string): string[] {
  const typescript = [entry, fileURLToPath(handlers)].find((file) => file.endsWith('ts'))
  const tsx = typescript === undefined ? undefined : findTsx(typescript)
  if (tsx === undefined) return []
  const register = `import{register}from${JSON.stringify(tsx)};register()`
  return ['--import', `data:text/javascript,${encodeURIComponent(register)}`]
}

function findTsx(from: string): string | undefined {
  try {
    const manifest = createRequire(from).resolve('tsx/package.json')
    const api = join(dirname(manifest), 'dist/esm/api/index.mjs')
    return existsSync(api) ? pathToFileURL(api).href : undefined
  } catch {
    return undefined
  }
}
