import {
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptions,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process'

/** The options of `child_process.spawn`, but for `detached`: a child always has its own group. */
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

/** What is told of the processes that a run starts. */
export interface ChildrenListener {
  started(pid: number): void
  /** Its pid may be another's from now on. */
  exited(pid: number): void
  /** A child failed, and the handler does not listen. */
  failed(error: Error): void
}

/** The processes of one run. Each leads a group, and with the run the groups end. */
export class Children {
  readonly #listener: ChildrenListener
  /** By the pid of its leader; undefined when that has exited, and others of the group may live. */
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

  /** Kills what is left of them. */
  end(): void {
    for (const [pid, leader] of this.#groups) {
      // Without its leader, a group keeps its number from others as long as it has members; a
      // process that has the number all the same is not of this run.
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

  /** An `error` without a listener ends the thread, even one that only tells of an abort. */
  #failed(child: ChildProcess, error: Error): void {
    const isAbort = error.name === 'AbortError'
    if (child.listenerCount('error') === 1 && !isAbort) this.#listener.failed(error)
  }
}

/** Kills the group with this number, which may be gone. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has no members any more, or none that this user may end.
  }
}

/** Whether there is such a process, or with a negative number such a group. */
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
