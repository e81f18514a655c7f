import type { RuntimeEvents } from 'helve'
import { reindexSearch } from './jobs.ts'
import { count, expect, short } from './report.ts'
import { headCommit, type Repository } from './repositories.ts'
import type { Run, Scene } from './scene.ts'

const BURST = 10
/** Milliseconds: a repository may be large. */
const IMPORT_TIMEOUT = 600_000

/** Resolves to the bare repository; undefined when it could not be imported. */
export async function importRepository(run: Run, source: string): Promise<Repository | undefined> {
  const { forge, changes, report, signal } = run
  let repository: Repository | undefined
  await report.step('import and index', async () => {
    const { pk, path } = (repository = await forge.import(source, signal))
    await changes.until(() => forge.isIdle('reindex_search'), IMPORT_TIMEOUT)
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

export async function burst(scene: Scene): Promise<void> {
  const { run, repository } = scene
  const { forge, changes, report } = run
  const seen: (string | null)[] = []
  const look = ({ job }: RuntimeEvents['completed']): void => {
    if (job.dedupeKey !== reindexSearch(repository.pk).dedupeKey) return
    seen.push(forge.index.state(repository.pk).commit)
  }
  const reindexes = () => count(seen.length, 'reindex', 'reindexes')

  forge.runtime.on('completed', look)
  await report.step('burst', async () => {
    const pushed: string[] = []
    for await (const commit of scene.pushBurst(BURST)) {
      pushed.push(commit)
      report.progress(`burst: ${count(pushed.length, 'push', 'pushes')}, ${reindexes()}`)
    }
    const last = pushed.at(-1)
    await changes.until(() => seen.at(-1) === last && forge.isIdle('reindex_search'))
    expect(seen.length < BURST, `${BURST} pushes → ${reindexes()}`)
    return `${BURST} pushes → ${reindexes()}, the last one saw ${short(last)}`
  })
  forge.runtime.off('completed', look)
}
