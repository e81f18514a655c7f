import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { markdown, text, type Table } from './table.ts'

/** The file beside the sources: this module runs from `dist`. */
const RESULTS = new URL('../../bench/RESULTS.md', import.meta.url)

/** The results of a benchmark. */
export interface Report {
  /** Marks its section of the recorded results. */
  section: 'bench' | 'peers'
  title: string
  /** The date, the machine and the options of the benchmark. */
  about: Record<string, string | number>
  /** How to read the tables: recorded before them. */
  notes: string
  tables: Table[]
  /** Further facts for the reader, printed and recorded after the tables. */
  remarks: string[]
}

/** The report for a terminal. */
export function textOf({ about, tables, remarks }: Report): string {
  return [Object.values(about).join(' · '), ...tables.map(text), ...remarks].join('\n\n')
}

/** Replaces the section of this report in the recorded results. */
export function record(report: Report): void {
  const [start, end] = [`<!-- ${report.section} -->`, `<!-- /${report.section} -->`]
  const section = `${start}\n\n${markdownOf(report)}\n\n${end}`
  const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : '# Recorded results\n'
  const [from, to] = [old.indexOf(start), old.indexOf(end)]
  const merged =
    from === -1 || to === -1
      ? `${old.trimEnd()}\n\n${section}\n`
      : old.slice(0, from) + section + old.slice(to + end.length)
  writeFileSync(RESULTS, merged)
}

function markdownOf({ title, about, notes, tables, remarks }: Report): string {
  const facts = Object.entries(about).map(([name, value]) => `- ${name}: ${value}`)
  return [`## ${title}`, facts.join('\n'), notes, ...tables.map(markdown), ...remarks].join('\n\n')
}
