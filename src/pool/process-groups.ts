import { readFileSync } from 'node:fs'
import { exists, killGroup } from '../run/children.ts'

/** What tells a process from other processes. */
interface Process {
  /** Whether it is a child of this process, and leads a group. */
  isOwn: boolean
  /** When the process started (Linux only): no later process with the same pid has this start. */
  start: string | undefined
}

/**
 * The process groups that the runs of a thread have started. The main thread kills them if the
 * thread ends without having killed them. Handlers can forge the messages about processes: on
 * Linux, a process counts only if it is a child of this process and leads a group of its own.
 */
export class ProcessGroups<Run> {
  /** By run and leader's pid: when the leader started; undefined if it exited before the look. */
  readonly #groups = new Map<Run, Map<number, string | undefined>>()

  started(run: Run, pid: number): void {
    const leader = processOf(pid)
    const isOwn = leader ? leader.isOwn : exists(-pid)
    if (!isOwn) return
    const groups = this.#groups.get(run) ?? new Map<number, string | undefined>()
    this.#groups.set(run, groups.set(pid, leader?.start))
  }

  /** The leader has exited. While its group has members, no other process gets the number. */
  exited(run: Run, pid: number): void {
    if (!exists(-pid)) this.#groups.get(run)?.delete(pid)
  }

  /** Whether the run has started groups that may still exist. */
  has(run: Run): boolean {
    return (this.#groups.get(run)?.size ?? 0) > 0
  }

  /** Kills what is left of the run's groups. */
  kill(run: Run): void {
    for (const [pid, start] of this.#groups.get(run) ?? []) {
      const found = processOf(pid)
      if (found === undefined || found.start === start) killGroup(pid)
    }
    this.forget(run)
  }

  /** Forgets the run's groups, which have been killed or have ended. */
  forget(run: Run): void {
    this.#groups.delete(run)
  }
}

function processOf(pid: number): Process | undefined {
  if (process.platform !== 'linux') return { isOwn: true, start: undefined }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [, parent, group] = fields
    const isOwn = parent === String(process.pid) && group === String(pid)
    return { isOwn, start: fields[19] }
  } catch {
    return undefined
  }
}
