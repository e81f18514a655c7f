import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** From the built file, beside the sources. */
const RESULTS = new URL('../../bench/RESULTS.md', import.meta.url)
const [START, END] = ['<!-- bench -->', '<!-- /bench -->']

/** Replaces this benchmark's section of the recorded results. */
export function record(about: Record<string, unknown>, tables: string[]): void {
  const facts = Object.entries(about).map(([name, value]) => `- ${name}: ${String(value)}`)
  const notes = [
    'Medians of trials that took turns, each in its own process. `raw` is better-sqlite3 alone on',
    'the same schema, with the same durability, 1,000 rows in a transaction, and no dedupe keys,',
    'counters, handlers or acknowledgements. Ratios say more than rates: the machine is shared.',
  ].join('\n')
  const section = [
    START,
    '',
    '## helve',
    '',
    ...facts,
    '',
    notes,
    '',
    tables.join('\n\n'),
    '',
    END,
  ].join('\n')
  const old = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : '# Recorded results\n'
  const [start, end] = [old.indexOf(START), old.indexOf(END)]
  const merged =
    start === -1
      ? `${old.trimEnd()}\n\n${section}\n`
      : old.slice(0, start) + section + old.slice(end + END.length)
  writeFileSync(RESULTS, merged)
}
