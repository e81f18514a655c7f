import { readFileSync } from 'node:fs'
import { exists, killGroup } from '../run/children.ts'

/** A process, as far as it has to be told from others. */
interface Process {
  /** Whether it is a child of this process, and leads a group. */
  isOwn: boolean
  /** No later process with its pid shares it. */
  start: string | undefined
}

/**
 * The process groups that the runs of a thread have started, for when the thread ends without
 * having ended them. Handlers can forge what is told here: on Linux, no process is taken for one
 * of theirs that is not a child of this process with a group of its own.
 */
export class ProcessGroups<Run> {
  /** By the pid of the leader: its start, unless it has exited before it could be looked at. */
  readonly #groups = new Map<Run, Map<number, string | undefined>>()

  started(run: Run, pid: number): void {
    const leader = processOf(pid)
    const isOwn = leader ? leader.isOwn : exists(-pid)
    if (!isOwn) return
    const groups = this.#groups.get(run) ?? new Map<number, string | undefined>()
    this.#groups.set(run, groups.set(pid, leader?.start))
  }

  /** The leader has exited. What is left of its group keeps the number from others. */
  exited(run: Run, pid: number): void {
    if (!exists(-pid)) this.#groups.get(run)?.delete(pid)
  }

  /** Whether the run has started any that may still be there. */
  has(run: Run): boolean {
    return (this.#groups.get(run)?.size ?? 0) > 0
  }

  /** Kills what there is of them. */
  kill(run: Run): void {
    for (const [pid, start] of this.#groups.get(run) ?? []) {
      const found = processOf(pid)
      if (found === undefined || found.start === start) killGroup(pid)
    }
    this.forget(run)
  }

  /** The thread has ended them, or they have ended. */
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
