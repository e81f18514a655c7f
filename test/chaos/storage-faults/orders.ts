/** What a process is told as it starts. */
export interface Orders {
  folder: string
  /** Where its threads write down what runs. */
  ledger: string
  /** Where it writes down itself what is acknowledged: it never waits for the threads. */
  acks: string
  /** The numbers of its submissions come after this one. */
  first: number
  /** Whether it enqueues all the time; it always has a backlog of its own. */
  produces: boolean
  /** Whether it claims. */
  runs: boolean
  /** Whether its runs end. */
  ends: boolean
}

/** And later. */
export type Command =
  /** Watch for blocks of the main thread from now on. */
  | { do: 'watch' }
  /** Claim, and let runs end. */
  | { do: 'work' }
  /** The fault is over: tell when there is progress again, in everything. */
  | { do: 'recover' }
  /** Enqueue no more, and end with the last job. */
  | { do: 'drain' }
  /** Let the file grow no more, or again, where there is no small disk. */
  | { do: 'limit'; on: boolean }
  /** Open the file with another copy of SQLite, too, and maybe close it again. */
  | { do: 'open twice'; closes: boolean }
  /** End now. */
  | { do: 'stop' }
  | { do: 'backup'; path: string }

/** What it tells. */
export type News =
  /** It works. */
  | { is: 'ready' }
  /** An `error` event, or a thread that has died. */
  | { is: 'error'; code: string; during: string }
  /** A call of the host, and which submission that was. */
  | { is: 'refused'; code: string; n?: number }
  /** It has enqueued and completed again, after so many milliseconds. */
  | { is: 'recovered'; ms: number }
  /** It has ended, which took so long; and the longest block of its main thread since it started. */
  | { is: 'ended'; ms: number; block?: number | undefined }
