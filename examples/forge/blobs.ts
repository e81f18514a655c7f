import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { gitEnvironment } from './git.ts'

const NEWLINE = 10

/**
 * Reads the blobs with these ids, in this order, through one `git cat-file` for all of them. A blob
 * is a view that is valid until the caller asks for the next blob.
 */
export async function* readBlobs(
  repository: string,
  ids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (ids.length === 0) return
  const child = spawn('git', ['cat-file', '--batch', '--buffer'], {
    cwd: repository,
    env: gitEnvironment(),
    signal,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  // `exit`, awaited below, tells of both an abort and a git that no longer reads its input.
  exit.catch(() => {})
  child.stdin.on('error', () => {})
  child.stdin.end(ids.map((id) => `${id}\n`).join(''))
  try {
    yield* parseBatch(child.stdout)
    const [code] = (await exit) as [number | null]
    if (code !== 0) throw new Error(`git cat-file: exit code ${String(code)}`)
  } finally {
    child.kill()
  }
}

/** Yields the content of each `<id> blob <size>\n<content>\n` in the output. */
async function* parseBatch(output: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of output) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const start = rest.indexOf(NEWLINE) + 1
      if (start === 0) break
      const header = rest.toString('utf8', 0, start - 1)
      const size = Number(header.split(' ')[2])
      if (Number.isNaN(size)) throw new Error(`git cat-file: ${header}`)
      if (rest.length <= start + size) break
      yield rest.subarray(start, start + size)
      rest = rest.subarray(start + size + 1)
    }
  }
}
