import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { badOption } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { nearest } from '../job/nearest.ts'

const MODULE = 'the path or file: URL of a module'

/**
 * The `file:` URL of a handlers module. If the named file is missing, the URL is that of its twin
 * (`.js` for `.ts`, or the reverse).
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function handlersUrl(handlers: unknown): string {
  const file = pathOf(handlers)
  if (file === undefined) throw badOption('handlers', MODULE, String(handlers))
  const twin = file.endsWith('ts') ? file.replace(/ts$/, 'js') : file.replace(/js$/, 'ts')
  const found = [file, twin].find(isFile)
  if (found === undefined) throw noModule(file)
  return pathToFileURL(found).href
}

/** The path of a file; undefined for a URL that leads to no file. */
function pathOf(handlers: unknown): string | undefined {
  const given = String(handlers)
  const isUrl = handlers instanceof URL || /^[a-z][a-z0-9+.-]+:/i.test(given)
  if (!isUrl) return given
  try {
    return fileURLToPath(given)
  } catch {
    return undefined
  }
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function noModule(file: string): HelveError {
  const problem = `handlers: expected ${MODULE}, got ${file}${notThere(file)}`
  return new HelveError('HELVE_ERR_OPTION', problem)
}

/** The end of a message: why the file is not taken, and which file may have been meant. */
function notThere(file: string): string {
  if (existsSync(file)) return ', which is no file'
  const folder = dirname(file)
  if (!existsSync(folder)) return ', whose folder is not there'
  const meant = nearest(basename(file), readdirSync(folder))
  return `, which is not there${meant === undefined ? '' : `: did you mean ${meant}?`}`
}
