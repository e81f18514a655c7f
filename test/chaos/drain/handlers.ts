import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { say } from './ledger.ts'

/** What the process hands to its threads. */
export interface Config {
  /** The folder of the ledger. */
  folder: string
}

const never = new Promise(() => undefined)

export default defineHandlers(({ folder }: Config) => {
  const short = ({ id }: Job): void => say(folder, 'end', id)
  /** Starts a shell that waits for a child of its own. Both are in the ledger once they run. */
  const start = async (ctx: HandlerContext) => {
    const shell = ctx.spawn('sh', ['-c', 'sleep 300 & echo $$ $!; wait'])
    const [pids] = (await once(shell.stdout.setEncoding('utf8'), 'data')) as [string]
    say(folder, 'child', pids.trim())
    return shell
  }
  return {
    kinds: {
      short,
      async waiting(job: Job, { signal }: HandlerContext) {
        await sleep(20 + (job.id % 80), undefined, { signal })
        say(folder, 'end', job.id)
      },
      /** Three of four attempts fail. */
      flaky(job: Job) {
        if (job.attempt % 4 === 0) return say(folder, 'end', job.id)
        say(folder, 'failure', job.id)
        throw new Error('this attempt fails')
      },
      /** From `deaf` to `looping`: kinds whose runs nothing but force ends. */
      deaf: () => never,
      async parent(_: Job, ctx: HandlerContext) {
        await once(await start(ctx), 'exit')
      },
      async deafParent(_: Job, ctx: HandlerContext) {
        await start(ctx)
        await never
      },
      looping() {
        for (;;);
      },
      /** The kinds from here on are in the lane whose threads run many jobs at once. */
      wide: (_: Job, { signal }: HandlerContext) => sleep(300_000, undefined, { signal }),
      wideShort: short,
      wideDeaf: () => never,
    },
  }
})
