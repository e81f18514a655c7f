import { Guard } from './guard.ts'
import type { GuardRules } from './rules.ts'

/** Rules of a process: those of its stores. More of them are a mistake, which must not grow. */
const MOST = 16

const byIdentity = new WeakMap<GuardRules, Guard>()
const byText = new Map<string, Guard>()

/**
 * The guard of these rules, made once. Rules that come from another thread are a copy each time, so
 * that their text tells them apart.
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
