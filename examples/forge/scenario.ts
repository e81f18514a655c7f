import { burst, importRepository, searchHit } from './code-steps.ts'
import { mergeability, reviewDecision } from './pull-request-steps.ts'
import { Scene, type Run } from './scene.ts'
import { webhooks } from './webhook-steps.ts'

/** Takes the forge through all steps, in this order. */
export async function play(run: Run, sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    run.report.section(source)
    const repository = await importRepository(run, source)
    if (repository === undefined) continue
    const scene = await Scene.open(run, repository)
    await searchHit(scene)
    await burst(scene)
    await mergeability(scene)
    await reviewDecision(scene)
  }
  run.report.section('webhooks')
  await webhooks(run)
}
