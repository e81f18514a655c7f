import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ThreadStart } from './piscina-thread.ts'

/** How the threads of a lane are started. */
export interface ThreadOptions extends ThreadStart {
  /** Hand-offs that one thread works on at a time. */
  concurrency: number
  /**
   * Whether the lane keeps room for kinds that hold nothing of it: one extra thread that is up. A
   * lane whose threads run many jobs at once keeps one extra slot of each thread instead.
   */
  spare: boolean
  handlers: string
  config: unknown
  /** Shared: the lowest level that is worth a message at the moment. */
  logLevel: Int32Array
}

/** Environment variables of the process that a thread may see: none is likely to be a secret. */
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
 * The environment of a thread. A thread shares no other variables with the process: otherwise
 * `NODE_OPTIONS` would reach the thread. What one job writes into its environment, the next job on
 * its thread reads.
 */
export function threadEnvironment(own: Record<string, string>): Record<string, string> {
  const shared = ENVIRONMENT.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(shared), ...own }
}

/** The entry that helve's own threads start with: source or built, as this file is. */
export function defaultEntry(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'cts' : 'cjs'
  return fileURLToPath(new URL(`../../workers/start.${extension}`, import.meta.url))
}

/**
 * The flags of a thread: none for built files. For TypeScript, the flags register tsx through its
 * API: threads do not inherit a `--import` of the process in a form that works on Node 20. Without
 * tsx, Node strips the types itself (from 22.18 on).
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
