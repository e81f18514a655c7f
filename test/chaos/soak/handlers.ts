import { once } from 'node:events'
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises'
import {
  defineHandlers,
  PermanentError,
  type HandlerContext,
  type Job,
} from '../../../workers/define-handlers.ts'

/** The payload of each job. */
export interface Payload {
  /** In [0, 1): decides what the run does. */
  dice: number
  /** Ballast. */
  text: string
}

type OneJob = Job<Payload>

const never = new Promise(() => undefined)

/** What the process hands to its threads. */
export interface Config {
  /** The folder in which handlers start processes. */
  folder: string
}

export default defineHandlers(({ folder }: Config) => ({
  kinds: {
    short: ({ payload }: OneJob) => payload.text.length,
    /** One job of ten fails for good, one of seven runs out of its three attempts. */
    flaky({ payload, attempt }: OneJob) {
      if (payload.dice > 0.9) throw new PermanentError('fails for good')
      if (attempt <= 4 * payload.dice) throw new Error(`attempt ${attempt} fails`)
    },
    chatty({ payload }: OneJob, ctx: HandlerContext) {
      for (let step = 0; step < 3; step += 1) {
        ctx.progress({ step, text: payload.text.slice(0, 1_000) })
        ctx.logger.info({ step }, 'goes on')
      }
    },
    /** @returns the number of jobs that it has enqueued */
    parent({ payload }: OneJob, ctx: HandlerContext) {
      const followUps = 1 + Math.floor(3 * payload.dice)
      for (let n = 0; n < followUps; n += 1) ctx.enqueue('short', payload)
      return followUps
    },
    snoozing({ payload, createdAt }: OneJob, ctx: HandlerContext) {
      if (Date.now() < createdAt + 1_000 * payload.dice) ctx.snooze(200)
    },
    /** Half of the runs leave their processes to be ended with the run. */
    async child({ payload }: OneJob, ctx: HandlerContext) {
      const shell = ctx.spawn('sh', ['-c', 'sleep 300 & echo $$ $!; wait'], { cwd: folder })
      const [pids] = (await once(shell.stdout.setEncoding('utf8'), 'data')) as [string]
      ctx.progress(pids.trim().split(' ').map(Number))
      if (payload.dice < 0.5) return
      shell.kill()
      await once(shell, 'exit')
    },
    /** Ends when its signal aborts. */
    timedOut: (_: OneJob, { signal }: HandlerContext) => sleep(300_000, undefined, { signal }),
    deaf: () => never,
    exit: () => process.exit(7),
    async uncaught() {
      setImmediate(() => {
        throw new Error('in a callback')
      })
      await never
    },
    // The kinds below are in the lane whose threads run many jobs at once.

    /** Runs so long that submissions fold into its job meanwhile. */
    keyed: ({ payload }: OneJob, { signal }: HandlerContext) =>
      sleep(300 * payload.dice, undefined, { signal }),
    slow: ({ payload }: OneJob, { signal }: HandlerContext) =>
      sleep(100 + 400 * payload.dice, undefined, { signal }),
    async slowExit() {
      await immediately()
      process.exit(7)
    },
  },
}))
