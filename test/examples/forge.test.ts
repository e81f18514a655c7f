import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { runForge, type Ended } from './run-forge.ts'
import { DIFFICULT, difficultRepository, emptyRepository } from './sources.ts'

const STEPS = [
  'import and index',
  'search hit',
  'burst',
  'pull request that merges',
  'pull request that conflicts',
  'clean turns to conflict',
  'review decision',
  'verified deliveries',
  'slow endpoint',
  'dead endpoint',
]

describe('the forge, run as a program', { concurrency: true }, () => {
  test('on names, files and entries of every difficult sort', async (t) => {
    const { sources, temporary } = await folders(t)
    const ended = await runForge(temporary, [await difficultRepository(sources)])
    const { files, texts } = DIFFICULT
    assertObserved(ended, new RegExp(`yes  ${files} files at \\w{7}, ${texts} of them text`))
  })

  test('on a repository without a commit', async (t) => {
    const { sources, temporary } = await folders(t)
    const ended = await runForge(temporary, [await emptyRepository(sources)])
    assertObserved(ended, /yes {2}an empty repository, an empty index/)
  })

  test('ends in order when it is told to', async (t) => {
    const { sources, temporary } = await folders(t)
    const source = await emptyRepository(sources)
    const ended = await runForge(temporary, [source], { kill: 'SIGTERM' })
    assert.deepEqual({ code: ended.code, left: ended.left }, { code: 143, left: [] }, told(ended))
  })

  test('names a path that is no repository', async (t) => {
    const { sources, temporary } = await folders(t)
    const repository = await emptyRepository(sources)
    const plain = path.join(sources, 'plain')
    await mkdir(plain)
    const ended = await runForge(temporary, [repository, plain])
    const expected = { code: 2, stdout: '', stderr: `${plain}: not a git repository\n`, left: [] }
    assert.deepEqual(ended, expected)
  })
})

async function folders(t: TestContext): Promise<{ sources: string; temporary: string }> {
  const [sources, temporary] = await Promise.all([temporaryFolder(t), temporaryFolder(t)])
  return { sources, temporary }
}

function assertObserved(ended: Ended, imported: RegExp): void {
  const summary = ended.stdout.slice(ended.stdout.indexOf('Summary'))
  for (const step of STEPS) assert.match(summary, new RegExp(`${step} +yes  `), told(ended))
  assert.match(summary, imported)
  assert.deepEqual({ code: ended.code, left: ended.left }, { code: 0, left: [] }, told(ended))
}

function told({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`
}
