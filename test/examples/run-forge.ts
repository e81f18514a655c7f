import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../support/built.ts'

/** Milliseconds that only a run takes that hangs. */
const PATIENCE = 900_000

/** How a run of the example ended. */
export interface Ended {
  code: number | null
  stdout: string
  stderr: string
  /** What the run left in its temporary folder. */
  left: string[]
}

/**
 * Runs the example as `npm start` does, over the files that were built for the tests.
 *
 * @param temporary the folder in which the example makes its temporary folders
 * @param options.kill a signal that the example gets when it prints its first step
 */
export async function runForge(
  temporary: string,
  args: string[],
  { kill }: { kill?: NodeJS.Signals } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/forge/main.ts', ...args], {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  })
  child.stdout.on('data', (chunk: Buffer) => {
    if (kill && chunk.includes('✓')) child.kill(kill)
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  // The other files are tsx's.
  const left = (await readdir(temporary)).filter((name) => name.startsWith('helve-'))
  return { code, stdout, stderr, left }
}
