import {
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process'

/** The options of `child_process.spawn`, without `detached`: a child always has its own group. */
export type ChildOptions = Omit<SpawnOptions, 'detached'>

/** As `child_process.spawn`. */
export interface Spawn {
  (
    command: string,
    args?: readonly string[],
    options?: Omit<SpawnOptionsWithoutStdio, 'detached'>,
  ): ChildProcessWithoutNullStreams
  (command: string, args: readonly string[], options: ChildOptions): ChildProcess
}

/** Hears of the processes that a run starts. */
export interface ChildrenListener {
  started(pid: number): void
  /** From now on another process may have the pid. */
  exited(pid: number): void
  /** A child failed, and the handler does not listen to its `error`. */
  failed(error: Error): void
}

/**
 * The processes of one run. Each process leads a group. At the end of the run its groups are
 * killed.
 */
export class Children {
  readonly #listener: ChildrenListener
  /**
   * The groups by the pid of the leader; undefined when the leader has exited, while other members
   * may live.
   */
  readonly #groups = new Map<number, ChildProcess | undefined>()

  constructor(listener: ChildrenListener) {
    this.#listener = listener
  }

  spawn(command: string, args: readonly string[], options: ChildOptions): ChildProcess {
    const child = spawn(command, args, { ...options, detached: true })
    child.on('error', (error) => this.#failed(child, error))
    const { pid } = child
    if (pid === undefined) return child
    this.#groups.set(pid, child)
    this.#listener.started(pid)
    child.once('exit', () => this.#exited(pid))
    return child
  }

  /** Kills all groups that are left. */
  end(): void {
    for (const [pid, leader] of this.#groups) {
      // After its leader has exited, a group keeps its number from new processes as long as it has
      // members. So if a process has the number, the group is gone, and the process is not of this
      // run.
      const isOwn = leader ? !hasExited(leader) : !exists(pid)
      if (isOwn) killGroup(pid)
    }
    this.#groups.clear()
  }

  #exited(pid: number): void {
    if (!this.#groups.has(pid)) return
    if (exists(-pid)) this.#groups.set(pid, undefined)
    else this.#groups.delete(pid)
    this.#listener.exited(pid)
  }

  /**
   * Hears every `error` of a child: without a listener an `error` ends the thread, even an `error`
   * that only tells of an abort.
   */
  #failed(child: ChildProcess, error: Error): void {
    const isAbort = error.name === 'AbortError'
    if (child.listenerCount('error') === 1 && !isAbort) this.#listener.failed(error)
  }
}

/** Kills the process group with this number. Does nothing if the group is gone. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group has no members any more, or none that this user may end.
  }
}

/** Whether a process with this pid exists; for a negative number, whether such a group exists. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}
