import { badOption, checkKeys, checkOneOf, shown } from '../../job/check.ts'
import { ENTRY, meantWord, readEntry } from './entry.ts'
import { isOpenEnded } from './host-pattern.ts'
import type { GuardOptions, GuardRules, PortEntry } from '../../job/webhook-guard.ts'
import { PORT_ENTRY, readPorts } from './ports.ts'

/** The names of all options. */
export const GUARD_OPTIONS = ['allow', 'deny', 'ports', 'resolver'] as const

/**
 * Checks the options and fills in the defaults.
 *
 * @param name of the option that holds them, for error messages
 * @throws HelveError `HELVE_ERR_OPTION`, by name and index, for an entry that is not as
 *   {@link GuardOptions} says
 */
export function checkGuard(options: GuardOptions = {}, name = 'webhooks'): GuardRules {
  checkKeys(options, name, GUARD_OPTIONS)
  const { allow = ['external'], deny = [], ports = ['default'], resolver = 'dns' } = options
  return {
    allow: checked(allow, `${name}.allow`, checkAllowed),
    deny: checked(deny, `${name}.deny`, checkEntry),
    ports: checked(ports, `${name}.ports`, checkPort),
    resolver: checkOneOf(resolver, `${name}.resolver`, ['dns', 'system']),
  }
}

function checked<T>(
  list: readonly T[],
  field: string,
  check: (entry: T, field: string) => void,
): readonly T[] {
  if (!Array.isArray(list)) throw badOption(field, 'an array', list)
  const copy = Array.from(list as readonly T[])
  for (const [at, entry] of copy.entries()) check(entry, `${field}[${at}]`)
  return copy
}

function checkAllowed(text: string, field: string): void {
  const entry = checkEntry(text, field)
  if ('pattern' in entry && isOpenEnded(entry.pattern)) {
    throw badOption(field, 'a host name whose last label has no *', text)
  }
}

function checkEntry(text: string, field: string): NonNullable<ReturnType<typeof readEntry>> {
  if (typeof text !== 'string') throw badOption(field, ENTRY, text)
  const entry = readEntry(text)
  if (entry !== undefined) return entry
  const meant = meantWord(text)
  throw badOption(field, meant === undefined ? ENTRY : `${ENTRY} (such as ${shown(meant)})`, text)
}

function checkPort(entry: PortEntry, field: string): void {
  if (readPorts(entry) === undefined) throw badOption(field, PORT_ENTRY, entry)
}
