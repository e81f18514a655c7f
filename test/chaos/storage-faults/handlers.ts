import { setTimeout as sleep } from 'node:timers/promises'
import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { Voice } from '../power-cut/ledger.ts'
import { isFollowed, submission, type Payload } from '../power-cut/submissions.ts'

/** What the process hands to its threads. */
export interface Config {
  ledger: string
  /** Runs do not end before the gate is 1. */
  gate: Int32Array<SharedArrayBuffer>
}

export default defineHandlers(({ ledger, gate }: Config) => {
  const voice = new Voice(ledger)
  const work = async ({ payload: { n }, dedupeKey }: Job<Payload>, ctx: HandlerContext) => {
    voice.say('start', n, dedupeKey ?? '-')
    await Atomics.waitAsync(gate, 0, 0).value
    await sleep(n % 3)
    if (isFollowed(n)) ctx.enqueue('follow', submission(-n).payload)
    voice.say('end', n)
  }
  return {
    kinds: { plain: work, keyed: work, later: work, follow: work },
    close: () => voice.close(),
  }
})
