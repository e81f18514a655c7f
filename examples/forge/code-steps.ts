import type { RuntimeEvents } from 'helve'
import { reindexSearch } from './jobs.ts'
import { count, expect, short } from './report.ts'
import { headCommit, type Repository } from './repositories.ts'
import { hooksOf, type Run, type Scene } from './scene.ts'

const BURST = 10

/** Resolves to the bare repository; undefined when it could not be imported. */
export async function importRepository(run: Run, source: string): Promise<Repository | undefined> {
  const { forge, changes, report, signal } = run
  let repository: Repository | undefined
  await report.step('import and index', async () => {
    const imported = await forge.import(source, signal)
    await hooksOf(run, imported).create(forge.receivers.urls.slow, ['*'])
    const { pk, path } = (repository = imported)
    await changes.until(() => forge.isIdle('reindex_search'))
    const head = await headCommit(path)
    const { commit, files, searchable } = forge.index.state(pk)
    expect(commit === head, `the index is at ${short(commit)}, HEAD at ${short(head)}`)
    if (head === null) return 'an empty repository, an empty index'
    return `${count(files, 'file')} at ${short(head)}, ${searchable} of them text`
  })
  return repository
}

export async function searchHit(scene: Scene): Promise<void> {
  const { run, repository, word } = scene
  const { forge, changes, report } = run
  await report.step('search hit', async () => {
    const commit = await scene.pushBase('search', `${word}\n`, 'Add a word')
    const hits = () => forge.index.search(repository.pk, word)
    await changes.until(() => hits().length > 0)
    expect(hits().includes(`${word}/search`), `${word} found in ${hits().join(', ')}`)
    return `${word}, pushed with ${short(commit)}, found in ${hits().join(', ')}`
  })
}

/**
 * Pauses reindexing until all pushes are in: however long a push takes, all of them fold into the
 * one job that waits.
 */
export async function burst(scene: Scene): Promise<void> {
  const { forge, report } = scene.run
  await report.step('burst', async () => {
    const last = await pushWhilePaused(scene)
    const seen = await reindexed(scene)
    const came = `${BURST} pushes while reindexing was paused → ${count(seen.length, 'reindex', 'reindexes')}`
    expect(seen.length === 1 && seen[0] === last, `${came}, seeing ${seen.map(short).join(', ')}`)
    return `${came}, which saw the last one, ${short(last)}`
  })
  // A push may have failed, so that the step has not resumed reindexing.
  await forge.resumeReindexing()
}

/** Resolves to the last commit that was pushed. */
async function pushWhilePaused(scene: Scene): Promise<string> {
  const { forge, changes, report } = scene.run
  await changes.until(() => forge.isIdle('reindex_search'))
  await forge.pauseReindexing()
  const pushed: string[] = []
  for await (const commit of scene.pushBurst(BURST)) {
    pushed.push(commit)
    report.progress(`burst: ${count(pushed.length, 'push', 'pushes')}, reindexing is paused`)
  }
  return pushed.at(-1) as string
}

/** Resumes reindexing; resolves to the commit that each reindex has brought the index to. */
async function reindexed({ run, repository }: Scene): Promise<(string | null)[]> {
  const { forge, changes } = run
  const seen: (string | null)[] = []
  const look = ({ job }: RuntimeEvents['completed']): void => {
    if (job.dedupeKey !== reindexSearch(repository.pk).dedupeKey) return
    seen.push(forge.index.state(repository.pk).commit)
  }
  forge.runtime.on('completed', look)
  try {
    await forge.resumeReindexing()
    await changes.until(async () => seen.length > 0 && (await forge.isIdle('reindex_search')))
    return seen
  } finally {
    forge.runtime.off('completed', look)
  }
}
