import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { PATIENCE } from './patience.ts'

/** Polls until these processes have ended: nothing tells of the end of somebody else's children. */
export async function gone(...pids: number[]): Promise<void> {
  const end = Date.now() + PATIENCE
  while (pids.some(lives)) {
    assert.ok(Date.now() < end, `one of the processes ${pids.join(', ')} lives on`)
    await setTimeout(2)
  }
}

/** The processes that were started with this argument. */
export function running(argument: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => commandOf(pid).includes(argument))
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return !isZombie(pid)
}

/** Whether the process is dead, though its parent has not asked for its exit code. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return false
  }
}
