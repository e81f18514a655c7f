import { Guard } from './guard.ts'
import type { GuardRules } from '../../job/webhook-guard.ts'

/** A process has few different rules, one for each store. The cache must not grow without bound. */
const MOST = 16

const byIdentity = new WeakMap<GuardRules, Guard>()
const byText = new Map<string, Guard>()

/**
 * Compiles rules, once for equal rules. Another thread sends a new copy of the rules with each
 * hook; the cache recognises a copy by its JSON.
 */
export function guardOf(rules: GuardRules): Guard {
  const known = byIdentity.get(rules)
  if (known !== undefined) return known
  const guard = ofText(JSON.stringify(rules), rules)
  byIdentity.set(rules, guard)
  return guard
}

function ofText(text: string, rules: GuardRules): Guard {
  const guard = byText.get(text) ?? new Guard(rules)
  if (byText.size >= MOST) byText.clear()
  byText.set(text, guard)
  return guard
}
