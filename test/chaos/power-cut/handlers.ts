import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { Voice } from './ledger.ts'
import { isFollowed, submission, type Payload } from './submissions.ts'

/** What the process hands to its thread. */
export interface Config {
  ledger: string
}

export default defineHandlers(({ ledger }: Config) => {
  const voice = new Voice(ledger)
  const work = async ({ payload: { n }, dedupeKey }: Job<Payload>, ctx: HandlerContext) => {
    voice.say('start', n, dedupeKey ?? '-')
    await sleep(n % 3)
    if (isFollowed(n)) ctx.enqueue('follow', submission(-n).payload)
    voice.say('end', n)
  }
  return {
    kinds: { plain: work, keyed: work, later: work, follow: work },
    close: () => voice.close(),
  }
})
