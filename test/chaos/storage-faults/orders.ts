/** What a process is told as it starts. */
export interface Orders {
  folder: string
  /** The file in which the threads write down runs. */
  ledger: string
  /** The file in which the main thread writes down acknowledgements: it never waits for threads. */
  acks: string
  /** The submissions of the process are numbered from `first` + 1 on. */
  first: number
  /** Whether the process enqueues all the time; it always has a backlog of its own. */
  produces: boolean
  /** Whether the process claims jobs. */
  runs: boolean
  /** Whether the runs of the process end. */
  ends: boolean
}

/** What a process is told later. */
export type Command =
  /** Watch for blocks of the main thread from now on. */
  | { do: 'watch' }
  /** Claim, and let runs end. */
  | { do: 'work' }
  /** The fault is over: tell when jobs are enqueued and completed again. */
  | { do: 'recover' }
  /** Enqueue no more, and end with the last job. */
  | { do: 'drain' }
  /** Where there is no small disk: let the file grow no more, or grow again. */
  | { do: 'limit'; on: boolean }
  /** Open the file with another copy of SQLite, too, and maybe close it again. */
  | { do: 'open twice'; closes: boolean }
  /** End now. */
  | { do: 'stop' }
  | { do: 'backup'; path: string }

/** What a process tells. */
export type News =
  /** The process works. */
  | { is: 'ready' }
  /** An `error` event, or a thread that has died. */
  | { is: 'error'; code: string; during: string }
  /** A call of the host was refused; `n` is the number of its submission. */
  | { is: 'refused'; code: string; n?: number }
  /** The process has enqueued and completed jobs again, after `ms` milliseconds. */
  | { is: 'recovered'; ms: number }
  /**
   * The process has ended, which took `ms` milliseconds. `block` is the longest block of its main
   * thread since the process started, in milliseconds.
   */
  | { is: 'ended'; ms: number; block?: number | undefined }
