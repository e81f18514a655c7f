import { badOption } from './check.ts'
import { HelveError } from './errors.ts'
import { toJobError } from './failure.ts'
import { checkGroup } from './names.ts'
import { checkSynchronous, synchronous } from './synchronous.ts'

/**
 * The group of a job: one name for all jobs of a kind, or a function of the payload (null: no
 * group).
 */
export type GroupOf<P = never> = string | ((payload: P) => string | null | undefined)

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkGroupOf(value: unknown): GroupOf {
  if (typeof value === 'function') {
    checkSynchronous(value, 'group')
    return value as GroupOf
  }
  if (typeof value !== 'string') throw badOption('group', 'a string or a function', value)
  checkGroup(value)
  return value
}

/**
 * The group that a kind's policy gives to a payload.
 *
 * @throws HelveError `HELVE_ERR_OPTION` when the function of the policy throws, is asynchronous, or
 *   returns a value that is no name
 */
export function groupOf(group: GroupOf | undefined, payload: unknown): string | null {
  if (typeof group !== 'function') return group ?? null
  try {
    return checkGroup(synchronous(group(payload as never)))
  } catch (cause) {
    if (cause instanceof HelveError) throw cause
    const problem = toJobError(cause).message
    throw new HelveError('HELVE_ERR_OPTION', `group: expected a name, got ${problem}`, { cause })
  }
}
