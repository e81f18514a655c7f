import { nearest } from '../../job/nearest.ts'
import { readRange, type Range } from './address-set.ts'
import { readPattern } from './host-pattern.ts'

/** A kind of addresses that an entry can name by a word. */
type Word = (typeof WORDS)[number]

/** One entry of `allow` or `deny`. */
export type Entry = { word: Word } | { range: Range } | { pattern: string }

const WORDS = ['external', 'private', 'loopback'] as const

/** Describes the valid entries in error messages. */
export const ENTRY =
  'external, private, loopback, an address, a CIDR without bits beyond its prefix, or a host name'

/**
 * Returns undefined for a text that is no entry, and for a name that is probably a misspelt word.
 */
export function readEntry(text: string): Entry | undefined {
  const word = WORDS.find((word) => word === text.toLowerCase())
  if (word !== undefined) return { word }
  const range = readRange(text)
  if (range !== undefined) return { range }
  const pattern = readPattern(text)
  return pattern === undefined || meantWord(text) ? undefined : { pattern }
}

/** The word that a text probably misspells. A dot at the end of the text says that it is a host. */
export function meantWord(text: string): string | undefined {
  return text.endsWith('.') ? undefined : nearest(text, WORDS)
}
