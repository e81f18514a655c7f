import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../support/random.ts'
import { AT_WORK, type Fault } from './fault.ts'
import type { Host } from './host.ts'
import { judge } from './judge.ts'
import type { News } from './orders.ts'
import { Scene } from './scene.ts'

/** What became of a fault; times are in milliseconds. */
export interface Finding {
  /** The code by which the fault was told. */
  code: string
  /** The longest block of the main thread; undefined: the process never started. */
  block: number | undefined
  /** From the end of the fault until jobs were enqueued and completed again. */
  recovery: number
  /** How long the process took to end during the fault; undefined: it did not have to end. */
  stop: number | undefined
  /** Bytes of the write-ahead log, at the end of the fault and after it. */
  log: { meanwhile: number; afterwards: number }
}

export interface TrialOptions {
  random: Random
  /** Milliseconds for which a fault lasts, at most. */
  longest: number
  /** Whether small disks may be mounted. */
  mounts: boolean
}

/** Milliseconds of work before a fault, at most, and after the fault. */
const BEFORE = 300
const AFTERWARDS = 500

/** Lets a fault happen, and judges it; undefined where the fault cannot be made to happen. */
export async function trial(fault: Fault, options: TrialOptions): Promise<Finding | undefined> {
  const scene = await Scene.open(fault.place, options.mounts)
  try {
    if (fault.place !== 'large disk' && !scene.disk && !fault.byPages) return undefined
    return await new Trial(fault, scene, options).run()
  } catch (error) {
    throw new Error(`${fault.name}: ${String(error)}`, { cause: error })
  } finally {
    await scene.close()
  }
}

class Trial {
  readonly #fault: Fault
  readonly #scene: Scene
  readonly #options: TrialOptions

  constructor(fault: Fault, scene: Scene, options: TrialOptions) {
    this.#fault = fault
    this.#scene = scene
    this.#options = options
  }

  async run(): Promise<Finding> {
    const host = await this.#struck()
    const code = await this.#heard(host)
    await this.#last()
    const meanwhile = await this.#scene.logSize()
    const { survivor, ...times } = await this.#recovered(host)
    await sleep(AFTERWARDS)
    const afterwards = await this.#scene.logSize()
    survivor.send({ do: 'drain' })
    const { block } = await survivor.hear('ended')
    assert.deepEqual(await survivor.exit(), [0, null])
    await judge(this.#fault, await this.#scene.evidence())
    return { code, block, ...times, log: { meanwhile, afterwards } }
  }

  /** The process that the fault meets. */
  async #struck(): Promise<Host> {
    const { meets, load } = this.#fault
    const host = this.#scene.start(load)
    await host.hear('ready')
    if (meets === 'start') await stopped(host)
    else await sleep(this.#options.random.below(BEFORE))
    host.send({ do: 'watch' })
    await this.#fault.inflict(this.#scene, host)
    return meets === 'work' ? host : this.#scene.start(AT_WORK)
  }

  /** The code by which a process first tells of the fault. */
  async #heard(host: Host): Promise<string> {
    if (this.#fault.code === undefined) return 'none'
    const codes = (): string[] => host.news.flatMap((one) => ('code' in one ? [one.code] : []))
    await host.until(() => codes().length > 0, 'the code of the fault')
    return codes()[0]!
  }

  async #last(): Promise<void> {
    const before = await this.#scene.acks()
    await sleep(Math.min(this.#fault.lasts, this.#options.longest))
    if (!this.#fault.silences) return
    assert.equal(await this.#scene.acks(), before, 'something is acknowledged meanwhile')
  }

  /** The process that goes on after the fault. */
  async #recovered(host: Host): Promise<Pick<Finding, 'recovery' | 'stop'> & Survivor> {
    if (this.#fault.then === 'goes on') {
      await this.#fault.heal(this.#scene, host)
      host.send({ do: 'recover' })
      const { ms: recovery } = await host.hear('recovered')
      return { survivor: host, recovery, stop: undefined }
    }
    const end = await stopped(host)
    await this.#fault.heal(this.#scene, host)
    const began = performance.now()
    const survivor = this.#scene.start(AT_WORK)
    survivor.send({ do: 'recover' })
    await survivor.hear('recovered')
    return { survivor, recovery: performance.now() - began, stop: end?.ms, block: end?.block }
  }
}

type Ended = Extract<News, { is: 'ended' }>

interface Survivor {
  survivor: Host
  /** The longest block of the process that the fault has met, if another process survives. */
  block?: number | undefined
}

/** Ends a process, also while the file fails; undefined when the process had not even begun. */
async function stopped(host: Host): Promise<Ended | undefined> {
  host.send({ do: 'stop' })
  assert.deepEqual(await host.exit(), [0, null])
  return host.news.find((one) => one.is === 'ended')
}
