import { parentPort, workerData } from 'node:worker_threads'
import type { Handler } from '../src/job/handler.ts'
import { Run, failed, unhandled } from '../src/job/run-handler.ts'
import { CLOSE, Flag, type Task, type TaskOutcome, type ThreadData } from '../src/job/task.ts'
import type { Handlers, HandlersModule } from './define-handlers.ts'
import { threadContext, threadLogger } from './thread-context.ts'

// What Piscina loads in each thread. It must not throw while loading, and what it exports must
// not reject: a rejection means to the pool that the thread is lost.

const { handlers, config, logLevel, flags, starts } = workerData as ThreadData
const bell = flags.length - 1
const runs = new Map<number, Run>()
let loaded: Promise<Handlers> | undefined

void watchBell()

export default async function entry(task: Task | typeof CLOSE): Promise<TaskOutcome | undefined> {
  if (task === CLOSE) return close()
  let handler: Handler | undefined
  try {
    const { kinds } = await (loaded ??= load())
    handler = Object.hasOwn(kinds, task.kind) ? kinds[task.kind] : undefined
  } catch (error) {
    // The next job tries again: what the setup needs may be back by then.
    loaded = undefined
    return failed(error)
  }
  return handler === undefined ? unhandled(task.kind) : run(task, handler)
}

async function run(task: Task, handler: Handler): Promise<TaskOutcome> {
  const { slot, id, kind } = task
  const current = new Run(task, {
    isAborted: () => Atomics.load(flags, slot) === Flag.abort,
    logger: () => threadLogger(logLevel, id, kind),
    progress: (value) => parentPort?.postMessage({ helve: 'progress', id, value }),
  })
  runs.set(slot, current)
  starts[slot] = performance.timeOrigin + performance.now()
  try {
    return await current.outcome(handler)
  } finally {
    runs.delete(slot)
  }
}

async function load(): Promise<Handlers> {
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

async function close(): Promise<undefined> {
  try {
    await (await loaded)?.close?.()
  } catch (error) {
    threadLogger(logLevel, null).error({ err: error }, 'closing the handlers failed')
  }
}

/** The main thread sets a slot's flag and rings; one pending wait serves all runs. */
async function watchBell(): Promise<void> {
  for (;;) {
    const heard = Atomics.load(flags, bell)
    for (const [slot, current] of runs) {
      if (Atomics.load(flags, slot) === Flag.abort) current.abort()
    }
    const { async, value } = Atomics.waitAsync(flags, bell, heard)
    if (async) await value
  }
}
