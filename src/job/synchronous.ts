import { types } from 'node:util'
import { HelveError, read } from './errors.ts'

/**
 * Refuses a function that does not return its value at once.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for an async function and for a generator
 */
export function checkSynchronous(given: unknown, field: string): void {
  const isAsync = types.isAsyncFunction(given)
  if (!isAsync && !types.isGeneratorFunction(given)) return
  const came = isAsync ? 'an async one' : 'a generator'
  throw new HelveError('HELVE_ERR_OPTION', `${field}: expected a plain function, got ${came}`)
}

/**
 * Refuses a promise with a TypeError, and handles its rejection: nobody awaits the promise, so that
 * the rejection would end the host.
 */
export function synchronous(given: unknown): unknown {
  if (typeof read(given, 'then') !== 'function') return given
  void Promise.resolve(given).catch(() => undefined)
  throw new TypeError('a promise: the function has to be synchronous')
}
