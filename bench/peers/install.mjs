import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const TIMEOUT = 120_000

/**
 * Installs the peers, unless they are there as package.json has them. None of them needs an install
 * script.
 *
 * @param {AbortSignal} signal
 */
export async function install(signal) {
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}package.json`, 'utf8'))
  const names = Object.keys(dependencies)
  if (names.every((name) => installedVersion(name) === dependencies[name])) return
  process.stderr.write('installing the peers\n')
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  await promisify(execFile)('npm', flags, { cwd: FOLDER, signal, timeout: TIMEOUT })
}

/** @param {string} name @returns {string | undefined} */
export function installedVersion(name) {
  try {
    return JSON.parse(readFileSync(`${FOLDER}node_modules/${name}/package.json`, 'utf8')).version
  } catch {
    return undefined
  }
}
