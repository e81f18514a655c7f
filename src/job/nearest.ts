import { shown } from './check.ts'

/** Names that a message lists at most. */
const LISTED = 20

/** Says what was expected and what came, for a name that is one of several. */
export function misspelt(name: unknown, names: readonly string[]): string {
  if (names.length === 0) return `expected none, got ${shown(name)}`
  const listed = names.slice(0, LISTED).join(', ')
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  const meant = typeof name === 'string' ? nearest(name, names) : undefined
  const question = meant === undefined ? '' : `: did you mean ${shown(meant)}?`
  return `expected one of ${listed}${more}, got ${shown(name)}${question}`
}

/** The name that a misspelt one most likely stands for; undefined when none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const near = names
    .map((other) => ({ other, edits: editsBetween(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, edits }) => edits <= Math.max(2, Math.min(name.length, other.length) / 3))
    .sort((a, b) => a.edits - b.edits)
  return near[0]?.other
}

/** How many letters have to be put in, taken out or replaced: the Levenshtein distance. */
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
