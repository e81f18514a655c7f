import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { built } from '../../support/built.ts'
import type { End, Line, Sample } from './report.ts'

const HOST = fileURLToPath(built(new URL('./host.ts', import.meta.url)))

/** Milliseconds beyond its load; only a process that does not end takes that long. */
const PATIENCE = 120_000

/** What a process of {@link HOST} has told. */
export interface Told {
  samples: Sample[]
  end: End | undefined
  /** How it has exited. */
  exit: [code: number | null, signal: NodeJS.Signals | null]
}

/** Lets it run for so many seconds, and resolves once it has ended, however that is. */
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
  // Later than its exit: once everything it has told is here.
  told.exit = (await once(host, 'close')) as Told['exit']
  return told
}
