import { burst, importRepository, searchHit } from './code-steps.ts'
import { mergeability, reviewDecision } from './pull-request-steps.ts'
import type { Repository } from './repositories.ts'
import { hooksOf, Scene, type Run } from './scene.ts'
import { trouble } from './trouble-steps.ts'
import { deliveries, type OrganizationHooks } from './webhook-steps.ts'

/** Takes the forge through all steps, in this order. */
export async function play(run: Run, sources: readonly string[]): Promise<void> {
  const hooks = await organizationHooks(run)
  let last: Repository | undefined
  for (const source of sources) {
    run.report.section(source)
    const repository = await importRepository(run, source)
    if (repository === undefined) continue
    const scene = await Scene.open(run, repository)
    await searchHit(scene)
    await burst(scene)
    await mergeability(scene)
    await reviewDecision(scene)
    last = repository
  }
  if (last === undefined) return
  run.report.section('webhooks')
  await deliveries(run, hooks)
  await trouble(run, last)
}

/** The organisation hears of all events of all repositories, at two receivers. */
async function organizationHooks(run: Run): Promise<OrganizationHooks> {
  const { verifying, silent } = run.forge.receivers.urls
  const hooks = hooksOf(run)
  return {
    verifying: await hooks.create(verifying, ['*']),
    silent: await hooks.create(silent, ['*']),
  }
}
