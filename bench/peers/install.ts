import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The folder of the sources: this module runs from `dist`. */
export const PEERS = new URL('../../../bench/peers/', import.meta.url)
const TIMEOUT = 120_000

/**
 * Installs the peers, unless all of them are installed in the versions that package.json names. No
 * peer needs an install script.
 */
export async function install(signal: AbortSignal): Promise<void> {
  const { dependencies } = manifest('package.json') as { dependencies: Record<string, string> }
  const wanted = Object.entries(dependencies)
  if (wanted.every(([name, version]) => installedVersion(name) === version)) return
  process.stderr.write('installing the peers\n')
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  await promisify(execFile)('npm', flags, { cwd: fileURLToPath(PEERS), signal, timeout: TIMEOUT })
}

export function installedVersion(name: string): string | undefined {
  try {
    return (manifest(`node_modules/${name}/package.json`) as { version: string }).version
  } catch {
    return undefined
  }
}

/** The version of helve itself. */
export function ownVersion(): string {
  return (manifest('../../package.json') as { version: string }).version
}

function manifest(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, PEERS), 'utf8'))
}
