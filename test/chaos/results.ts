import { writeFileSync } from 'node:fs'
import { surroundings } from '../../bench/machine.ts'
import type { Figures } from './part.ts'

const RESULTS = new URL('./RESULTS.md', import.meta.url)

/** The time and the figures of a part. */
export interface Result {
  part: string
  seconds: number
  figures: Figures
}

/** Records a run of all parts in the place of the run recorded before. */
export function record(seed: number, results: Result[]): void {
  const about = { command: `npm run test:chaos -- --seed ${seed}`, ...surroundings() }
  const facts = Object.entries(about).map(([name, value]) => `- ${name}: ${value}`)
  const sections = results.map(({ part, seconds, figures }) => {
    const lines = Object.entries(figures).map(([name, value]) => `- ${name}: **${value}**`)
    return [`## ${part} (${seconds} s)`, ...lines].join('\n').replace('\n', '\n\n')
  })
  const head = ['# Recorded results', facts.join('\n')]
  writeFileSync(RESULTS, `${[...head, ...sections].join('\n\n')}\n`)
}
