import { HelveError } from '../../job/errors.ts'
import { after } from '../../timer.ts'
import { BlockedError } from './blocked-error.ts'
import type { Guard } from './guard.ts'
import { checkUrl, hostOf } from './url.ts'

/** Milliseconds for the lookup while a user waits for a hook to be created. */
const TIMEOUT = 2_000

/**
 * Judges the URL of a hook that is created or changed, with the present addresses of its host.
 * Accepts a name that does not resolve now: the name may resolve later, and every attempt judges
 * again.
 *
 * @param timeout milliseconds for the lookup
 * @throws HelveError `HELVE_ERR_OPTION`, which names host, address and setting
 */
export async function checkHookUrl(url: string, guard: Guard, timeout = TIMEOUT): Promise<void> {
  try {
    await judgeAddresses(hostOf(checkUrl(url, guard)), guard, timeout)
  } catch (error) {
    if (!(error instanceof BlockedError)) throw error
    throw new HelveError('HELVE_ERR_OPTION', error.message, { cause: error })
  }
}

async function judgeAddresses(host: string, guard: Guard, timeout: number): Promise<void> {
  const deadline = new AbortController()
  const timer = after(timeout, () => deadline.abort())
  try {
    await guard.addressesOf(host, deadline.signal)
  } catch (error) {
    // Without an answer there is no address to judge.
    if (error instanceof BlockedError) throw error
  } finally {
    timer.cancel()
  }
}
