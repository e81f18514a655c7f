import { getActiveResourcesInfo } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { checkGuard } from '../../../src/webhook/guard/rules.ts'
import { guardOf } from '../../../src/webhook/guard/compiled.ts'
import { classOf } from '../../../src/webhook/outcome.ts'
import { post } from '../../../src/webhook/client.ts'
import { startHostile, type Behaviour } from './hostile-receivers.ts'

/** Attempts to each receiver at a time, and in all. */
const AT_ONCE = 20
const ROUNDS = 3
/** Rounds in which the heap grows to the size that it keeps. */
const WARM_UP = 2
/** Milliseconds for an attempt. */
const TIMEOUT = 2_000
const MB = 1_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/**
 * Attempts to receivers that do what no receiver should do. How far the end of an attempt was from its
 * deadline at the most, what memory the attempts left behind, and how many sockets and timers.
 */
export async function hostileReceivers(): Promise<Record<string, number>> {
  const receivers = await startHostile()
  try {
    const round = (): Promise<number[]> => {
      return Promise.all(receivers.all.map(({ behaviour, url }) => attempts(behaviour, url)))
    }
    for (let i = 0; i < WARM_UP; i += 1) await round()
    const [memory, resources] = [settledMemory(), count()]
    let late = 0
    for (let i = 0; i < ROUNDS; i += 1) late = Math.max(late, ...(await round()))
    await sleep(100)
    return {
      'ms from the deadline': late,
      'MB of memory kept': (settledMemory() - memory) / MB,
      'sockets and timers left': count() - resources,
    }
  } finally {
    await receivers.close()
  }
}

/** How many milliseconds the attempts ended before or after their deadline at the most. */
async function attempts(behaviour: Behaviour, url: string): Promise<number> {
  const ends = Array.from({ length: AT_ONCE }, () => attempt(behaviour, url))
  return Math.max(...(await Promise.all(ends)))
}

async function attempt(behaviour: Behaviour, url: string): Promise<number> {
  const start = performance.now()
  const came = await post({
    ...{ url, headers: { 'Content-Type': 'application/json' }, body: Buffer.from('{}') },
    ...{ insecureTls: false, timeout: TIMEOUT, signal: new AbortController().signal },
    guard: guardOf(checkGuard({ allow: ['loopback'], ports: ['1-65535'] })),
  }).catch((error: Error) => error)
  const took = performance.now() - start
  const its = classOf(came)
  const { expected } = behaviour
  if (its !== expected) throw new Error(`${behaviour.name}: expected ${expected}, got ${its}`)
  return behaviour.isLate ? Math.abs(took - TIMEOUT) : Math.max(0, took - TIMEOUT)
}

function settledMemory(): number {
  collectGarbage()
  return process.memoryUsage().rss
}

function count(): number {
  return getActiveResourcesInfo().filter((name) => /TCPSocket|TLSSocket|Timeout/.test(name)).length
}
