import { readdirSync, readlinkSync } from 'node:fs'
import { gone } from '../../support/processes.ts'

/**
 * Waits until the processes that handlers have started in a folder have ended; others may have
 * their pids by now.
 *
 * @throws when one does not: then it is ended
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

/** Those that have been started there, and have not ended. */
export function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => isIn(folder, pid))
}

function isIn(folder: string, pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    // It has ended, or is somebody else's.
    return false
  }
}
