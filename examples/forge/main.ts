import { HelveError } from 'helve'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Changes } from './changes.ts'
import { Forge } from './forge.ts'
import { prepare, UsageError, type Plan } from './plan.ts'
import { Report } from './report.ts'
import { play } from './scenario.ts'

type Stopping = 'SIGINT' | 'SIGTERM'

const EXIT = { observed: 0, missing: 1, usage: 2, SIGINT: 130, SIGTERM: 143 }

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const stop = new AbortController()
  const stoppedBy = onSignal(stop)
  const temporary = await mkdtemp(path.join(tmpdir(), 'helve-forge-'))
  try {
    const plan = await prepare(args, temporary)
    if (plan === undefined) return EXIT.observed
    return (await show(plan, temporary, stop)) ? EXIT.observed : EXIT.missing
  } catch (error) {
    const signal = stoppedBy()
    if (signal) return EXIT[signal]
    if (!(error instanceof UsageError || error instanceof HelveError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT.usage
  } finally {
    // The hook of an aborted push may still be writing.
    await rm(temporary, { recursive: true, force: true, maxRetries: 20 })
  }
}

/** Resolves to true when everything was observed. */
async function show({ sources, data }: Plan, temporary: string, stop: AbortController) {
  const { signal } = stop
  const report = new Report(process.stdout, signal)
  const forge = await Forge.open(data)
  forge.run().catch((error: unknown) => stop.abort(error))
  try {
    follow(forge, report)
    const changes = new Changes(forge.runtime, signal)
    await play({ forge, changes, report, signal, folder: temporary, pushed: [] }, sources)
    return report.summary()
  } finally {
    await forge.close()
  }
}

function follow({ runtime }: Forge, report: Report): void {
  runtime.on('error', ({ error, during }) => report.line(`✗ ${during}: ${String(error)}`))
  runtime.on('progress', ({ value }) => {
    const { name, done, of } = value as { name: string; done: number; of: number }
    if (done < of) report.progress(`indexing ${name}: ${done} of ${of} files`)
  })
  runtime.on('dead', ({ job, error }) => {
    // Some receivers are meant to fail.
    if (job.kind === 'deliver_webhook') return
    report.line(`✗ job ${job.id} (${job.kind}) is dead: ${error.message}`)
  })
}

/** Aborts `stop` at a signal; returns a function that tells which signal came first. */
function onSignal(stop: AbortController): () => Stopping | undefined {
  let first: Stopping | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal ends the process at once, without an orderly end.
      if (first) process.exit(EXIT[signal])
      first = signal
      stop.abort()
    })
  }
  return () => first
}
