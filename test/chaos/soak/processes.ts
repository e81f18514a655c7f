import { readdirSync, readlinkSync } from 'node:fs'
import { gone } from '../../support/processes.ts'

/**
 * Waits until the processes that handlers have started in a folder have ended. It goes by the
 * folder, since other processes may have the handlers' pids by now.
 *
 * @throws when a process does not end; the process is killed then
 */
export async function endedIn(folder: string): Promise<void> {
  const pids = processesIn(folder)
  try {
    await gone(...pids)
  } catch (error) {
    for (const pid of processesIn(folder)) process.kill(pid, 'SIGKILL')
    throw error
  }
}

/** Pids of the processes that were started in the folder and have not ended. */
export function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => isIn(folder, pid))
}

function isIn(folder: string, pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    // The process has ended, or is somebody else's.
    return false
  }
}
