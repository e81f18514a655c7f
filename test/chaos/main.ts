import { inspect, parseArgs } from 'node:util'
import type { Figures } from './part.ts'
import { PARTS } from './parts.ts'

const names = Object.keys(PARTS)
const HELP = `npm run test:chaos -- [PART …] [--seed N]

Parts, without any all of them:
${names.map((name) => `  ${name.padEnd(16)}${PARTS[name]!.about}`).join('\n')}
  --seed N        makes the same choices again [${Date.now() % 1_000_000}, from the clock]

Prints the figures of each part, and exits with 1 if something was violated in any.
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
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

/** One part after the other, also after one that fails; resolves to what is to be printed. */
async function runParts(parts: string[], seed: number): Promise<string[]> {
  const report: string[] = []
  for (const name of parts) {
    process.stderr.write(`${name}, seed ${seed}\n`)
    const began = performance.now()
    const figures = await runPart(name, seed)
    const seconds = Math.round((performance.now() - began) / 1000)
    report.push(`\n${name}, seed ${seed}, ${seconds} s`, ...lines(figures))
  }
  return report
}

async function runPart(name: string, seed: number): Promise<Figures> {
  try {
    return await PARTS[name]!.run({ seed })
  } catch (error) {
    process.exitCode = 1
    process.stderr.write(`${inspect(error)}\n`)
    return { VIOLATED: String(error).split('\n')[0]! }
  }
}

function lines(figures: Figures): string[] {
  return Object.entries(figures).map(([name, value]) => `  ${String(value).padStart(8)}  ${name}`)
}

if (values.help) process.stdout.write(HELP)
else process.stdout.write(`${(await runParts(chosen(), parseSeed())).join('\n')}\n`)
