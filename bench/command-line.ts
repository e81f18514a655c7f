import { availableParallelism } from 'node:os'

/** Options that every benchmark has, for `parseArgs`. */
export const OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  trials: { type: 'string', default: '3' },
  payload: { type: 'string', default: '100' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const

/** @throws Error unless the value of the option is a whole number above 0 */
export function positive(option: string, value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`--${option}: expected a whole number above 0, got ${value}`)
}

/** @throws Error for the first name that is not among the known ones */
export function checkNames(what: string, names: string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new Error(`${what}: expected one of ${known.join(', ')}, got ${unknown}`)
}

/** The command line that started this process, by the script's name in package.json. */
export function commandOf(script: string): string {
  const given = process.argv.slice(2)
  return [`npm run ${script}`, ...(given.length === 0 ? [] : ['--', ...given])].join(' ')
}

/** Runs the main function of a benchmark. An error prints its message, and the process exits with 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode ??= 1
  }
}
