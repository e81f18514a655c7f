import { shown } from './check.ts'

/** Most names that a message lists. */
const LISTED = 20

/**
 * Describes a name that is not in `names`, for an error message: the expected names, the given
 * name, and a suggestion.
 */
export function misspelt(name: unknown, names: readonly string[]): string {
  if (names.length === 0) return `expected none, got ${shown(name)}`
  const listed = names.slice(0, LISTED).join(', ')
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  const meant = typeof name === 'string' ? nearest(name, names) : undefined
  const question = meant === undefined ? '' : `: did you mean ${shown(meant)}?`
  return `expected one of ${listed}${more}, got ${shown(name)}${question}`
}

/**
 * The name in `names` that a misspelt name most likely stands for; undefined when none is similar.
 */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const near = names
    .map((other) => ({ other, edits: editsBetween(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, edits }) => edits <= Math.max(2, Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.other
}

/** The Levenshtein distance: how many letters have to be inserted, removed or replaced. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
