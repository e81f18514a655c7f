import { parentPort, workerData } from 'node:worker_threads'
import type { Handler } from '../src/run/handler.ts'
import { Run } from '../src/run/run.ts'
import { unhandled } from '../src/job/outcome.ts'
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
import type { TaskOutcome } from '../src/job/outcome.ts'
import type { Handlers, HandlersModule } from './define-handlers.ts'
import { LoopBeacon } from './loop-beacon.ts'
import { hasSent, send } from './messages.ts'
import { threadContext, threadLogger } from './thread-context.ts'

// The jobs of a thread. It waits for its handlers: a setup that fails ends the thread before it is
// given a job.

/** Milliseconds after which finished runs are reported, though their batch still goes on. */
const REPORT_INTERVAL = 1

const { handlers, config, logLevel, flags, starts, serial, pulse, spawnGuard } =
  workerData as ThreadData
const bell = flags.length - 1
const runs = new Map<number, Run>()
const beacon = pulse && new LoopBeacon(pulse)
const guard = new SpawnGuard(spawnGuard)
/** The batch before, in a thread that runs one at a time. */
let before: Promise<unknown> = Promise.resolve()

void watchBell()
parentPort!.once('close', onPortClosed)

export default setUp().then((made) => (task: Batch | typeof SET_UP | typeof CLOSE) => {
  if (task === SET_UP) return []
  if (task === CLOSE) return close(made)
  if (!serial) return runAll(task, made)
  const reports = before.then(() => runAll(task, made))
  before = reports
  return reports
})

/** Runs a batch, and gives the reports that it has not sent before. */
async function runAll(batch: Batch, { kinds }: Handlers): Promise<Report[]> {
  let reports: Report[] = []
  let sent = performance.now()
  for (const tuple of batch) {
    const task = taskOf(tuple)
    // Taken back, because the job before it took too long: another thread runs it.
    const found = Atomics.compareExchange(flags, task.slot, Flag.waiting, Flag.started)
    if (found !== Flag.waiting) continue
    const start = performance.now()
    starts[task.slot] = performance.timeOrigin + start
    const handler = Object.hasOwn(kinds, task.kind) ? kinds[task.kind] : undefined
    const outcome = handler ? await run(task, handler) : unhandled(task.kind)
    const end = performance.now()
    Atomics.store(flags, task.slot, Flag.done)
    const { slot, token } = task
    reports.push({
      slot,
      token,
      outcome: isPlain(outcome) ? undefined : outcome,
      took: end - start,
    })
    if (end - sent < REPORT_INTERVAL || tuple === batch.at(-1)) continue
    send({ helve: 'reports', reports, last: false })
    reports = []
    sent = end
  }
  if (!hasSent()) return reports
  // Not past what its runs have sent: that goes another way than the result.
  send({ helve: 'reports', reports, last: true })
  return []
}

function isPlain(outcome: TaskOutcome): boolean {
  if (outcome.type !== 'completed' || outcome.result !== undefined) return false
  return outcome.followUps.length + outcome.deliveries.length === 0
}

async function run(task: Task, handler: Handler): Promise<TaskOutcome> {
  const { slot, id, token, kind } = task
  const current = new Run(task, {
    isAborted: () => Atomics.load(flags, slot) === Flag.ended,
    logger: () => threadLogger(logLevel, id, kind),
    progress: (value) => send({ helve: 'progress', id, value }),
    spawning: (spawn) => guard.during(spawn),
    child: (pid, alive) => send({ helve: 'child', slot, token, pid, alive }),
  })
  runs.set(slot, current)
  try {
    const outcome = (): Promise<TaskOutcome> => current.outcome(handler)
    return await (beacon ? beacon.during(slot, outcome) : outcome())
  } finally {
    runs.delete(slot)
  }
}

async function setUp(): Promise<Handlers> {
  const { default: module } = (await import(handlers)) as { default?: HandlersModule }
  if (typeof module?.setup !== 'function') {
    throw new TypeError(`${handlers}: expected defineHandlers(…) as its default export`)
  }
  const made = await module.setup(config, threadContext(logLevel))
  if (typeof made?.kinds !== 'object' || made.kinds === null) {
    throw new TypeError(`${handlers}: expected setup to return { kinds }, got ${typeof made}`)
  }
  return made
}

/** Nobody would hear of what its jobs do: another thread has to take its place. */
function onPortClosed(): never {
  throw new Error('a handler has closed the port of its thread')
}

async function close(made: Handlers): Promise<[]> {
  try {
    await made.close?.()
  } catch (error) {
    threadLogger(logLevel, null).error({ err: error }, 'closing the handlers failed')
  }
  return []
}

/** The main thread sets a slot's flag and rings; one pending wait serves all runs. */
async function watchBell(): Promise<void> {
  for (;;) {
    const heard = Atomics.load(flags, bell)
    for (const [slot, current] of runs) {
      if (Atomics.load(flags, slot) === Flag.ended) current.abort()
    }
    const { async, value } = Atomics.waitAsync(flags, bell, heard)
    if (async) await value
  }
}
