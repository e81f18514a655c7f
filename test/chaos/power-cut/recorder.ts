import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { asWritten } from '../../support/built.ts'

const SOURCE = fileURLToPath(asWritten(new URL('./recorder.c', import.meta.url)))
const FLAGS = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']

/** What the recorder is to do in a process. */
export interface Recording {
  /** The library that {@link compileRecorder} made. */
  library: string
  folder: string
  log: string
  /** Entries after which the process kills itself. */
  cutAfter: number
}

/** Why the recorder cannot be used; undefined if it can be. */
export async function whyNoRecorder(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `the recorder is for Linux, this is ${process.platform}`
  try {
    await promisify(execFile)('cc', ['--version'])
    return undefined
  } catch {
    return 'there is no C compiler (cc)'
  }
}

/** Compiles the recorder into a folder; resolves to the path of the library. */
export async function compileRecorder(folder: string): Promise<string> {
  const library = join(folder, 'recorder.so')
  await promisify(execFile)('cc', [...FLAGS, '-o', library, SOURCE])
  return library
}

/** The environment of a process that is recorded. */
export function environment({ library, folder, log, cutAfter }: Recording): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: library,
    HELVE_RECORD_FOLDER: folder,
    HELVE_RECORD_LOG: log,
    HELVE_RECORD_CUT: String(cutAfter),
  }
}
