import { inspect, parseArgs } from 'node:util'
import type { Figures, Part } from './part.ts'
import { PARTS } from './parts.ts'
import { record, type Result } from './results.ts'

const names = Object.keys(PARTS)
const HELP = `npm run test:chaos -- [PART …] [--seed N] [--share]

Parts, without any all of them:
${names.map((name) => `  ${name.padEnd(16)}${PARTS[name]!.about}`).join('\n')}
  --seed N        makes the same choices again [${Date.now() % 1_000_000}, from the clock]
  --share         only as much of each as npm test has

Prints the figures of each part, and exits with 1 if something was violated in any. A run of all of
them is recorded in test/chaos/RESULTS.md.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    share: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})

function parseSeed(): number {
  const seed = Number(values.seed)
  if (Number.isSafeInteger(seed) && seed >= 0) return seed
  throw new Error(`--seed: expected a whole number, got ${values.seed}`)
}

function chosen(): string[] {
  const unknown = positionals.find((name) => !names.includes(name))
  if (unknown === undefined) return positionals.length === 0 ? names : positionals
  throw new Error(`part: expected one of ${names.join(', ')}, got ${unknown}`)
}

/** Runs one part after the other, also after one that fails, and parts with `beside` meanwhile. */
async function runParts(parts: string[], seed: number): Promise<Result[]> {
  const results = new Map<string, Promise<Result>>()
  for (const part of parts.filter((name) => PARTS[name]!.beside)) {
    results.set(part, runPart(part, seed))
  }
  for (const part of parts.filter((name) => !PARTS[name]!.beside)) {
    results.set(part, runPart(part, seed))
    await results.get(part)
  }
  return Promise.all(parts.map((part) => results.get(part)!))
}

async function runPart(part: string, seed: number): Promise<Result> {
  process.stderr.write(`${part}, seed ${seed}\n`)
  const began = performance.now()
  const figures = await figuresOf(PARTS[part]!, seed)
  return { part, seconds: Math.round((performance.now() - began) / 1000), figures }
}

async function figuresOf(part: Part, seed: number): Promise<Figures> {
  try {
    return await part.run({ seed, ...(values.share ? part.share : {}) })
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${inspect(error)}\n`)
    return { VIOLATED: String(error).split('\n')[0]! }
  }
}

function text({ part, seconds, figures }: Result): string {
  const lines = Object.entries(figures).map(
    ([name, value]) => `  ${String(value).padStart(8)}  ${name}\n`,
  )
  return `\n${part}, ${seconds} s\n${lines.join('')}`
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP)
  const [parts, seed] = [chosen(), parseSeed()]
  const results = await runParts(parts, seed)
  process.stdout.write(results.map(text).join(''))
  if (parts === names && !values.share) record(seed, results)
}

await main()
