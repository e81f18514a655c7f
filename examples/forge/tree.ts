import { isUtf8 } from 'node:buffer'
import { git } from './git.ts'

/** A file of a commit. */
export interface TreeFile {
  path: string
  blob: string
  /** Bytes. */
  size: number
}

const REGULAR = /^100/

/** The regular files of a commit: neither symbolic links nor submodules. */
export async function listFiles(
  repository: string,
  commit: string,
  signal: AbortSignal,
): Promise<TreeFile[]> {
  const output = await git(repository, ['ls-tree', '-r', '-z', '--long', commit], { signal })
  return entries(output).flatMap((entry) => {
    const tab = entry.indexOf('\t')
    const [mode = '', , blob = '', size] = entry.toString('latin1', 0, tab).split(/ +/)
    if (!REGULAR.test(mode)) return []
    return [{ path: decode(entry.subarray(tab + 1)), blob, size: Number(size) }]
  })
}

/** A file name as text: UTF-8, or else byte by byte, so that two names never become one. */
export function decode(name: Buffer): string {
  return name.toString(isUtf8(name) ? 'utf8' : 'latin1')
}

/** The entries of git's output under `-z`, each of which ends with a NUL. */
function entries(output: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let start = 0; start < output.length;) {
    const end = output.indexOf(0, start)
    found.push(output.subarray(start, end))
    start = end + 1
  }
  return found
}
