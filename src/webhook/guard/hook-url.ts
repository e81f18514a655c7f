import { HelveError } from '../../job/errors.ts'
import { after } from '../../timer.ts'
import { BlockedError } from './blocked-error.ts'
import type { Guard } from './guard.ts'
import { checkUrl, hostOf } from './url.ts'

/** Milliseconds for which whoever creates a hook waits for the addresses of its host. */
const TIMEOUT = 2_000

/**
 * Judges the URL that a hook is to get, with the addresses that its host has at this moment. A name
 * that does not resolve now is taken: it may later, and every attempt judges again.
 *
 * @param timeout milliseconds for the addresses
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
    // Whatever else there is, the name has no address that could be judged.
    if (error instanceof BlockedError) throw error
  } finally {
    timer.cancel()
  }
}
