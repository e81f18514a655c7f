import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checkGit } from './git.ts'
import { repositoryAt } from './repositories.ts'
import { makeSample } from './sample.ts'

const USAGE = `Usage: npm start [-- [--data DIR] [PATH…]]

Makes a small forge with helve in it, imports the git repositories at the given
paths, which are only read, and shows what becomes of pushes, pull requests,
reviews and webhooks. Without a path it takes this project's own checkout.

  --data DIR   keep the forge in DIR, instead of in a temporary folder
  --help       show this

Exits with 0 when everything was observed, 1 when not, 2 when it cannot start.
`

/** What the command line asks for. */
export interface Plan {
  /** Absolute paths of the repositories to import. */
  sources: string[]
  /** The folder of the forge. */
  data: string
}

/** The run cannot start as the command line asks. */
export class UsageError extends Error {}

/**
 * Resolves to undefined for `--help`, after the usage has been printed.
 *
 * @param temporary a folder that is removed at the end
 * @throws UsageError
 */
export async function prepare(args: string[], temporary: string): Promise<Plan | undefined> {
  const { values, positionals } = parse(args)
  if (values.help) {
    process.stdout.write(USAGE)
    return undefined
  }
  try {
    await checkGit()
    const given = await Promise.all(positionals.map(repositoryAt))
    const sources = given.length === 0 ? [await ownRepository(temporary)] : [...new Set(given)]
    const data = path.resolve(values.data ?? path.join(temporary, 'forge'))
    await mkdir(data, { recursive: true })
    return { sources, data }
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`, { cause: error })
  }
}

/** This project's checkout. If the project lies here without one, a repository made for the run. */
async function ownRepository(temporary: string): Promise<string> {
  try {
    return await repositoryAt(fileURLToPath(new URL('../..', import.meta.url)))
  } catch {
    return makeSample(temporary)
  }
}
