import type { PullRequest } from './pull-requests.ts'
import { expect } from './report.ts'
import type { Scene } from './scene.ts'

/** Two pull requests: one merges until its base moves, and one conflicts from the start. */
export async function mergeability(scene: Scene): Promise<void> {
  const { run, word } = scene
  const topic = `${word}-topic`
  const rival = `${word}-rival`
  let pk = 0

  await run.report.step('pull request that merges', async () => {
    await scene.pushBase('notes', notes(), 'Add notes')
    await scene.pushBranch(topic, 'notes', notes({ colour: 'blue' }), 'Make it blue')
    pk = await open(scene, topic)
    return judged(scene, pk, 'clean')
  })
  await run.report.step('pull request that conflicts', async () => {
    await scene.pushBranch(rival, 'notes', notes({ size: 'large' }), 'Make it large')
    await scene.pushBase('notes', notes({ size: 'medium' }), 'Make it medium')
    return judged(scene, await open(scene, rival), 'conflict')
  })
  await run.report.step('clean turns to conflict', async () => {
    const before = await judged(scene, pk, 'clean')
    await scene.pushBase('notes', notes({ size: 'medium', colour: 'green' }), 'Make it green')
    return `${before}; then a push to ${scene.base}: ${await judged(scene, pk, 'conflict')}`
  })
}
/** Opens a pull request, and shows how reviews and checks change its decision. */
export async function reviewDecision(scene: Scene): Promise<void> {
  const { forge, report } = scene.run
  await report.step('review decision', async () => {
    const head = `${scene.word}-reviewed`
    await scene.pushBranch(head, 'reviewed', 'Please review.\n', 'Ask for a review')
    const issue_pk = await open(scene, head)
    await forge.submitReview({ issue_pk, reviewer: 'first', verdict: 'changes_requested' })
    await decided(scene, issue_pk, 'changes_requested')
    await forge.recordCheck({ issue_pk, name: 'build', conclusion: 'failure' })
    await forge.submitReview({ issue_pk, reviewer: 'first', verdict: 'approved' })
    await decided(scene, issue_pk, 'checks_failing')
    await forge.recordCheck({ issue_pk, name: 'build', conclusion: 'success' })
    await decided(scene, issue_pk, 'approved')
    return 'changes requested, then approved with a failing check, then approved'
  })
}

function open({ run, repository, base }: Scene, head: string): Promise<number> {
  const title = `Merge ${head}`
  return run.forge.openPullRequest({ repo_pk: repository.pk, title, base, head })
}

/** Waits until the pull request has the mergeability `as`; resolves to the line of the report. */
async function judged({ run, word }: Scene, pk: number, as: PullRequest['mergeable']) {
  await run.changes.until(() => run.forge.pullRequests.get(pk).mergeable === as)
  const conflicts = JSON.parse(run.forge.pullRequests.get(pk).conflicts) as string[]
  if (as === 'clean') return `pull request ${pk} merges`
  expect(conflicts.join() === `${word}/notes`, `conflicts in ${conflicts.join(', ')}`)
  return `pull request ${pk} conflicts in ${conflicts.join(', ')}`
}

async function decided({ run }: Scene, pk: number, as: PullRequest['review_decision']) {
  await run.changes.until(() => run.forge.pullRequests.get(pk).review_decision === as)
}

/** The content of a file in which two lines can be changed without a conflict. */
function notes({ colour = 'red', size = 'small' } = {}): string {
  const between = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`)
  return [`colour: ${colour}`, ...between, `size: ${size}`, ''].join('\n')
}
