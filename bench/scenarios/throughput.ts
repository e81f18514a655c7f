import { monitorEventLoopDelay } from 'node:perf_hooks'
import { payloadOf, rate } from '../load.ts'
import { completions, produce, warmUp, withRuntime, type Params } from '../setup.ts'

/** Enqueues jobs with 1,000 calls in flight, each awaited; no job runs. */
export function enqueue(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => ({
    'enqueue/s': await rate(params.jobs, () => produce(runtime, params)),
  }))
}

/** Enqueues all jobs by one `enqueueMany`; no job runs. */
export function enqueueMany(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    const payload = payloadOf(params)
    const submissions = Array.from(
      { length: params.jobs },
      () => ({ kind: 'noop', payload }) as const,
    )
    const many = async (): Promise<void> => void (await runtime.enqueueMany(submissions))
    return { 'enqueueMany/s': await rate(params.jobs, many) }
  })
}

/** Works off a queue that has been filled before; the threads are up. */
export function drain(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    await runtime.pause({ lane: 'default' })
    const payload = payloadOf(params)
    await runtime.enqueueMany(
      Array.from({ length: params.jobs }, () => ({ kind: 'noop', payload }) as const),
    )
    const done = completions(runtime, params.jobs)
    const perSecond = await rate(params.jobs, async () => {
      await runtime.resume({ lane: 'default' })
      await done
    })
    return { 'drain/s': perSecond }
  })
}

/** The whole life of each job, with enqueues and runs at the same time. */
export function life(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const done = completions(runtime, params.jobs)
    const perSecond = await rate(params.jobs, async () => {
      await produce(runtime, params)
      await done
    })
    delay.disable()
    return { 'life/s': perSecond, 'loop delay p99 ms': delay.percentile(99) / 1e6 - 1 }
  })
}
