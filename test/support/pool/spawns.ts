import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import type { HandlerContext, Job } from '../../../workers/define-handlers.ts'
import { poison } from './poison.ts'

// Handlers that start processes.

/** What a handler does when its processes run. */
export type Then = keyof typeof THEN

const THEN = {
  return: () => undefined,
  throw: () => poison.throwError(),
  exit: () => process.exit(7),
  crash: () => poison.uncaught(),
  loop: () => poison.loop(),
  never: () => poison.never(),
  eatMemory: () => poison.eatMemory(),
}

/** Prints its pid and the pid of a background process; then waits for that process, or exits. */
const SCRIPT = { stays: 'sleep 1000 & echo $$ $!; wait', exits: 'sleep 1000 & echo $$ $!' }

let left: HandlerContext | undefined

async function pids(child: ChildProcess): Promise<number[]> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return String(line).trim().split(' ').map(Number)
}

export const spawns = {
  async spawn(job: Job<{ then: Then; script?: keyof typeof SCRIPT }>, ctx: HandlerContext) {
    const { then, script = 'stays' } = job.payload
    const child = ctx.spawn('sh', ['-c', SCRIPT[script]])
    const exited = once(child, 'exit')
    const group = await pids(child)
    if (script === 'exits') await exited
    ctx.progress(group)
    await THEN[then]()
  },
  async spawnWithSignal(_: Job, ctx: HandlerContext) {
    const { signal } = ctx
    const child = ctx.spawn('sleep', ['1000'], { signal })
    ctx.progress([child.pid])
    await new Promise((resolve) => child.on('exit', resolve))
    throw new Error('the child has exited')
  },
  /** Does not care how its child ends. */
  async spawnAndTrust(_: Job, ctx: HandlerContext) {
    const child = ctx.spawn('sleep', ['1000'])
    ctx.progress([child.pid])
    await new Promise((resolve) => child.on('exit', resolve))
  },
  /** Starts processes without end, so a kill most likely comes between a start and its report. */
  spawnForEver(job: Job<{ mark: string }>, ctx: HandlerContext) {
    for (;;) ctx.spawn('sleep', [job.payload.mark], { stdio: 'ignore' })
  },
  async spawnNothing(_: Job, ctx: HandlerContext) {
    await new Promise((resolve) => ctx.spawn('no-such-command').on('close', resolve))
  },
  async spawnShort(_: Job, ctx: HandlerContext) {
    const [code] = (await once(ctx.spawn('sh', ['-c', 'exit 3']), 'exit')) as [number]
    return code
  },
  leaveContext(_: Job, ctx: HandlerContext) {
    left = ctx
  },
  spawnLate() {
    left?.spawn('sleep', ['1000'])
  },
  /** Claims to have started a process of the test, and dies. */
  claimProcess(job: Job<{ pid: number; token: number }>) {
    const { pid, token } = job.payload
    for (let slot = 0; slot < 10; slot += 1) {
      for (const forged of [pid, -pid, 1, 0, -1, 0.5, String(pid), null, { toString: null }]) {
        const message = { helve: 'child', slot, token, pid: forged }
        for (const alive of [true, 'yes', undefined]) parentPort?.postMessage({ ...message, alive })
      }
    }
    process.exit(7)
  },
}
