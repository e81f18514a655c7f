import { workerData } from 'node:worker_threads'
import type { Handler } from '../src/run/handler.ts'
import { Notices } from '../src/run/notices.ts'
import { Run } from '../src/run/run.ts'
import { shown } from '../src/job/check.ts'
import { unhandled } from '../src/job/outcome.ts'
import { Outbox } from '../src/run/outbox.ts'
import { Credit } from '../src/thread/credit.ts'
import { SpawnGuard } from '../src/thread/guard.ts'
import {
  CLOSE,
  Flag,
  SET_UP,
  taskOf,
  type Batch,
  type Report,
  type Task,
} from '../src/thread/protocol.ts'
import type { ThreadData } from '../src/thread/protocol.ts'
import type { HandlerOutcome } from '../src/job/outcome.ts'
import type { Handlers, HandlersModule } from './define-handlers.ts'
import { LoopBeacon } from './loop-beacon.ts'
import { weightOf } from './weight.ts'
import { closeToOthers, hasSent, send } from './messages.ts'
import { boundWrites } from './stdio.ts'
import { ask, threadContext, threadLogger, type ThreadLine } from './thread-context.ts'

// Runs the jobs of a thread. The export waits for the setup of the handlers: a setup that fails
// ends the thread before the thread is given a job.

/** Milliseconds after which finished runs are reported, while their batch still goes on. */
const REPORT_INTERVAL = 1

// Kept here, because a handler may replace the globals.
const { compareExchange, load, store, waitAsync } = Atomics
const { timeOrigin } = performance
const now = performance.now.bind(performance)

const {
  handlers,
  config,
  logLevel,
  flags,
  starts,
  serial,
  pulse,
  spawnGuard,
  credit: words,
} = workerData as ThreadData
const bell = flags.length - 1
const runs = new Map<number, Run>()
const notices = new Notices()
const beacon = pulse && new LoopBeacon(pulse)
const guard = new SpawnGuard(spawnGuard)
const credit = new Credit(words)
const outbox = new Outbox<ThreadLine>({
  room: credit,
  line: (line, units) => send({ helve: 'log', ...line, units }),
  progress: (id, json, units) => send({ helve: 'progress', id, json, units }),
  dropped: (id, lines) => {
    const fields = `{"dropped":${lines}}`
    const message = `${lines} lines were dropped: they came faster than the host logs them`
    send({ helve: 'log', level: 'warn', id, fields, message, units: 1 })
  },
})
/** The latest batch, in a thread that runs one batch at a time. */
let before: Promise<unknown> = Promise.resolve()

void watchBell()
for (const name of ['stdout', 'stderr'] as const) {
  boundWrites(process[name], (pieces) => {
    const message = `${pieces} writes to ${name} were dropped: they came faster than the host takes them`
    threadLogger(logLevel, outbox, null).warn({ dropped: pieces }, message)
  })
}

export default setUp().then((made) => (task: Batch | typeof SET_UP | typeof CLOSE) => {
  if (task === SET_UP) {
    closeToOthers()
    return Object.keys(made.kinds)
  }
  if (task === CLOSE) return close(made)
  if (!serial) return runAll(task, made)
  const reports = before.then(() => runAll(task, made))
  before = reports
  return reports
})

/** Runs a batch. Returns the reports that it has not sent in messages. */
async function runAll(batch: Batch, { kinds }: Handlers): Promise<Report[]> {
  let reports: Report[] = []
  let sent = now()
  for (const tuple of batch) {
    const task = taskOf(tuple)
    // The main thread may have taken the job back, because the job before took too long. Another
    // thread then runs it.
    const found = compareExchange(flags, task.slot, Flag.waiting, Flag.started)
    if (found !== Flag.waiting) continue
    const start = now()
    starts[task.slot] = timeOrigin + start
    const handler = Object.hasOwn(kinds, task.kind) ? kinds[task.kind] : undefined
    const outcome = handler ? await run(task, handler) : unhandled(task.kind)
    const end = now()
    store(flags, task.slot, Flag.done)
    const { slot, token } = task
    const report: Report = {
      slot,
      token,
      outcome: isPlain(outcome) ? undefined : outcome,
      took: end - start,
    }
    const units = weightOf(outcome)
    if (units > 0) {
      report.units = units
      // The units of earlier reports come back only once those reports are sent.
      if (reports.length > 0) sendReports(end)
      await credit.taken(units)
    }
    reports.push(report)
    if (end - sent >= REPORT_INTERVAL && tuple !== batch.at(-1)) sendReports(end)
  }
  if (!hasSent()) return reports
  // Reports go as a message after other messages: the result of the batch goes another way, and
  // could overtake them.
  send({ helve: 'reports', reports, last: true })
  return []

  function sendReports(at: number): void {
    send({ helve: 'reports', reports, last: false })
    reports = []
    sent = at
  }
}

function isPlain(outcome: HandlerOutcome): boolean {
  if (outcome.type !== 'completed' || outcome.result !== undefined || outcome.trip) return false
  if (outcome.publications !== undefined) return false
  return outcome.followUps.length + outcome.deliveries.length === 0
}

async function run(task: Task, handler: Handler): Promise<HandlerOutcome> {
  const { slot, id, token, kind } = task
  const current = new Run(task, {
    notices,
    isAborted: () => load(flags, slot) === Flag.ended,
    enter: (endpoint) => ask({ ask: 'enterEndpoint', about: { job: id, endpoint } }, credit),
    logger: () => threadLogger(logLevel, outbox, id, kind),
    progress: (json) => outbox.progress(id, json),
    spawning: (spawn) => guard.during(spawn),
    child: (pid, alive) => send({ helve: 'child', slot, token, pid, alive }),
  })
  runs.set(slot, current)
  try {
    const outcome = (): Promise<HandlerOutcome> => current.outcome(handler)
    return await (beacon ? beacon.during(slot, outcome) : outcome())
  } finally {
    outbox.over(id)
    runs.delete(slot)
  }
}

async function setUp(): Promise<Handlers> {
  const { default: module } = (await import(handlers)) as { default?: HandlersModule }
  if (typeof module?.setup !== 'function') {
    throw new TypeError(`${handlers}: expected defineHandlers(…) as its default export`)
  }
  const made = await module.setup(config, threadContext(logLevel, outbox, credit))
  checkKinds(made?.kinds)
  return made
}

function checkKinds(kinds: unknown): void {
  if (typeof kinds !== 'object' || kinds === null || Array.isArray(kinds)) {
    throw wrong('setup to return { kinds }', `kinds: ${shown(kinds)}`)
  }
  for (const [kind, handler] of Object.entries(kinds)) {
    if (typeof handler === 'function') continue
    const meant = `write ${kind}: (job, ctx) => …`
    throw wrong(`a function for kind ${kind}`, `${shown(handler)}: ${meant}`)
  }
  const [inherited] = inheritedMethods(kinds)
  if (inherited === undefined) return
  const meant = `write { ${inherited}: (job, ctx) => handlers.${inherited}(job, ctx) }`
  throw wrong('a plain object of functions as kinds', `a class that has ${inherited}: ${meant}`)
}

function wrong(expected: string, came: string): TypeError {
  return new TypeError(`${handlers}: expected ${expected}, got ${came}`)
}

/**
 * The methods that an object inherits from its class. They are no kinds, because kinds are looked
 * up as own properties.
 */
function inheritedMethods(kinds: object): string[] {
  const prototype: unknown = Object.getPrototypeOf(kinds)
  if (prototype === null || Object.hasOwn(prototype as object, 'hasOwnProperty')) return []
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  return [...names, ...inheritedMethods(prototype as object)]
}

async function close(made: Handlers): Promise<[]> {
  try {
    await made.close?.()
  } catch (error) {
    threadLogger(logLevel, outbox, null).error({ err: error }, 'closing the handlers failed')
  }
  await outbox.empty()
  return []
}

/**
 * Aborts runs that have to end: the main thread sets the flag of the slot and rings the bell. One
 * pending wait serves all runs.
 */
async function watchBell(): Promise<void> {
  for (;;) {
    const heard = load(flags, bell)
    for (const [slot, current] of runs) {
      if (load(flags, slot) === Flag.ended) current.abort()
    }
    const { async, value } = waitAsync(flags, bell, heard)
    if (async) await value
  }
}
