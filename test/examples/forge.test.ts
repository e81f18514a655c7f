import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { runForge, type Ended } from './run-forge.ts'
import { DIFFICULT, difficultRepository, emptyRepository } from './sources.ts'

/** The steps that the forge shows of each repository. */
const STEPS = [
  'import and index',
  'search hit',
  'burst',
  'pull request that merges',
  'pull request that conflicts',
  'clean turns to conflict',
  'review decision',
]
const WEBHOOK_STEPS = [
  ...['verified deliveries', 'slow endpoint', 'dead endpoint', 'endpoint that comes back'],
  ...['redelivery', 'endpoint that is gone', 'redelivery of what was missed', 'refused address'],
]

describe('the forge, run as a program', { concurrency: true }, () => {
  test('observes all steps on a difficult repository, and on one without a commit', async (t) => {
    const { sources, temporary } = await folders(t)
    const difficult = await difficultRepository(sources)
    const empty = await emptyRepository(sources)
    const ended = await runForge(temporary, [difficult, empty])
    assert.deepEqual({ code: ended.code, left: ended.left }, { code: 0, left: [] }, told(ended))
    const { files, texts } = DIFFICULT
    const imported = new RegExp(`yes  ${files} files at \\w{7}, ${texts} of them text`)
    assertObserved(ended, difficult, STEPS, imported)
    assertObserved(ended, empty, STEPS, /yes {2}an empty repository, an empty index/)
    assertObserved(ended, 'webhooks', WEBHOOK_STEPS)
  })

  test('SIGTERM ends the forge in order', async (t) => {
    const { sources, temporary } = await folders(t)
    const source = await emptyRepository(sources)
    const ended = await runForge(temporary, [source], { kill: 'SIGTERM' })
    assert.deepEqual({ code: ended.code, left: ended.left }, { code: 143, left: [] }, told(ended))
  })

  test('a path that is no repository is refused by name', async (t) => {
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

/** Asserts that a section of the summary has these steps only, all of them observed. */
function assertObserved(ended: Ended, section: string, steps: string[], also = /(?:)/): void {
  const summary = ended.stdout.slice(ended.stdout.indexOf('\nSummary\n'))
  const [, after = ''] = summary.split(`\n  ${section}\n`)
  const rows = after.split(/\n(?! {4})/)[0]!
  assert.equal(rows.split('\n').length, steps.length, told(ended))
  for (const step of steps) assert.match(rows, new RegExp(`^ {4}${step} +yes  `, 'm'), told(ended))
  assert.match(rows, also, told(ended))
}

function told({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`
}
