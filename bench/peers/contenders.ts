export type Scenario = 'life' | 'drain'
export const SCENARIOS: readonly Scenario[] = ['life', 'drain']

export type ServerName = 'redis' | 'postgres'

/** A participant of the comparison, and the facts that its figures have to be read with. */
export interface Contender {
  name: string
  /** Its package, and its file in `adapters`; undefined for helve's own trial, bench/trial.ts. */
  peer?: string
  /** The server that is started for each trial of the contender. */
  server?: ServerName
  /** For the adapter's `setup`, or added to the parameters of helve's own trial. */
  options: Record<string, unknown>
  /** The share of a trial's jobs that a slow contender gets. @default 1 */
  share?: Partial<Record<Scenario, number>>
  /** Where its handlers run. */
  handlers: (threads: number) => string
  /** What an acknowledged job survives. */
  survives: string
  /** What is not fair in the comparison, and in whose favour. */
  note: string
}

const MAIN = (): string => 'main thread'
const SERVER =
  'Its server is a process of its own, reached over loopback, and keeps a further core busy.'

export const CONTENDERS: readonly Contender[] = [
  {
    name: 'helve',
    options: { durability: 'power' },
    handlers: (threads) => `${threads} worker threads`,
    survives: 'power cut',
    note: 'The default: an fsync before each acknowledgement.',
  },
  {
    name: 'helve, process',
    options: { durability: 'process' },
    handlers: (threads) => `${threads} worker threads`,
    survives: 'crash of the process',
    note: "Durability `process`: SQLite's synchronous = NORMAL, no fsync for an acknowledgement.",
  },
  {
    name: 'helve, process, main thread',
    peer: 'helve',
    options: { durability: 'process' },
    handlers: MAIN,
    survives: 'crash of the process',
    note: 'Handlers registered as functions, to be compared with peers that run theirs so.',
  },
  {
    name: 'plainjob',
    peer: 'plainjob',
    options: {},
    handlers: MAIN,
    survives: 'crash of the process',
    note:
      'SQLite with synchronous = NORMAL, its default: as `helve, process`. Its handlers run between the statements of the queue: no message to a thread, and one that blocks holds up everything. ' +
      'It polls every millisecond here instead of every second. It keeps completed jobs for a week, helve deletes them.',
  },
  {
    name: 'BullMQ',
    peer: 'bullmq',
    server: 'redis',
    options: { sandbox: 0 },
    handlers: MAIN,
    survives: 'power cut, but for the last second',
    note: `Redis with appendonly and appendfsync everysec. ${SERVER} 50 handlers at a time. Completed jobs are removed, as helve does.`,
  },
  {
    name: 'BullMQ, useWorkerThreads',
    peer: 'bullmq',
    server: 'redis',
    options: { sandbox: 1 },
    share: { life: 0.1, drain: 0.1 },
    handlers: (threads) => `${threads} worker threads`,
    survives: 'power cut, but for the last second',
    note: 'As BullMQ, with as many threads as helve. Each job is a message to a thread and one back, where helve hands short jobs over in batches.',
  },
  {
    name: 'BullMQ, useWorkerThreads × 4',
    peer: 'bullmq',
    server: 'redis',
    options: { sandbox: 4 },
    share: { life: 0.1, drain: 0.1 },
    handlers: (threads) => `${threads * 4} worker threads`,
    survives: 'power cut, but for the last second',
    note: 'The same with four times as many threads as helve, since each of them runs one job at a time.',
  },
  {
    name: 'graphile-worker',
    peer: 'graphile-worker',
    server: 'postgres',
    options: {},
    share: { life: 0.05 },
    handlers: MAIN,
    survives: 'power cut',
    note:
      `Postgres with its defaults: fsync, synchronous_commit on. ${SERVER} Set up as its documentation does for throughput: up to 500 jobs fetched ahead, completed in batches; a worker that crashes leaves those locked for four hours, helve queues them again at once. ` +
      'Each `addJob` notifies, and Postgres commits transactions that do so one after the other: that bounds the whole life, not the drain, which is filled by `addJobs`.',
  },
  {
    name: 'pg-boss',
    peer: 'pg-boss',
    server: 'postgres',
    options: {},
    share: { life: 0.25 },
    handlers: MAIN,
    survives: 'power cut',
    note: `Postgres as above. ${SERVER} Its handler gets up to 500 jobs, which complete or fail as one. It polls every half second at most, and at once after a batch (\`notifyWorker\`). It keeps completed jobs, helve deletes them.`,
  },
]
