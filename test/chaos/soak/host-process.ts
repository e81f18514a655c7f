import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { built } from '../../support/built.ts'
import type { End, Line, Sample } from './report.ts'

const HOST = fileURLToPath(built(new URL('./host.ts', import.meta.url)))

/** Milliseconds beyond the load that only a process takes that does not end. */
const PATIENCE = 120_000

/** What a process of {@link HOST} has told. */
export interface Told {
  samples: Sample[]
  end: End | undefined
  /** How the process has exited. */
  exit: [code: number | null, signal: NodeJS.Signals | null]
}

/** Runs a host under load for `seconds`; resolves once the process has ended, in whatever way. */
export async function runHost(folder: string, seed: number, seconds: number): Promise<Told> {
  const args = ['--expose-gc', HOST, folder, String(seed), String(seconds)]
  const host = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: seconds * 1_000 + PATIENCE,
    killSignal: 'SIGKILL',
  })
  const told: Told = { samples: [], end: undefined, exit: [null, null] }
  createInterface(host.stdout).on('line', (text) => {
    const line = JSON.parse(text) as Line
    if ('sample' in line) told.samples.push(line.sample)
    else told.end = line.end
  })
  // `close` comes later than `exit`: once everything that the process has told is here.
  told.exit = (await once(host, 'close')) as Told['exit']
  return told
}
