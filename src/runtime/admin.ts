import { inWallTime } from '../coordinator/breakers.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import type { Breaker } from '../job/breaker.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import { checkGroup } from '../job/names.ts'
import { checkPauseTarget, type Pause, type PauseTarget } from '../job/pause.ts'
import { HelveError } from '../job/errors.ts'
import type { Inspection } from '../store/inspection.ts'
import type { Membership } from '../store/membership.ts'
import type { QueueClock } from '../store/timeline.ts'
import { checkKind } from '../job/submission.ts'
import type { CheckedOptions } from './options.ts'
import { MAIN_LANE } from './registry.ts'

interface AdminParts {
  store: Pick<Inspection, 'pauses' | 'breakers'> & Pick<Membership, 'owner'>
  coordinator: Coordinator
  clock: Pick<QueueClock, 'timeOf' | 'wallOf'>
  options: CheckedOptions
}

/** The commands of operators. Each command is checked, and goes to the coordinator as mail. */
export class Admin {
  readonly #parts: AdminParts

  constructor(parts: AdminParts) {
    this.#parts = parts
  }

  async retry(id: number): Promise<boolean> {
    return this.#parts.coordinator.command({ type: 'retry', id: checkId(id) })
  }

  async cancel(id: number): Promise<boolean> {
    const command = { type: 'cancel', id: checkId(id), token: undefined } as const
    return (await this.#parts.coordinator.command(command)) !== false
  }

  async discard(id: number): Promise<boolean> {
    return this.#parts.coordinator.command({ type: 'discard', id: checkId(id) })
  }

  async pruneDead(before: number): Promise<number> {
    const { coordinator, clock } = this.#parts
    const until = clock.timeOf(checkNumber(before, 'before', 0, Number.MAX_SAFE_INTEGER))
    let total = 0
    for (;;) {
      const pruned = await coordinator.command({ type: 'prune', before: until })
      if (pruned === 0) return total
      total += pruned
    }
  }

  async closeBreaker(target: { kind: string; group: string }): Promise<boolean> {
    checkKeys(target, 'target', ['kind', 'group'])
    const { kind, group } = target
    checkKind(kind)
    if (checkGroup(group) === null) throw badOption('target.group', 'the name of a group', group)
    await this.#checkOwner()
    const command = { type: 'closeBreaker', kind, group } as const
    return this.#parts.coordinator.command(command)
  }

  /** The owner of the queue goes by the breakers that it knows. */
  async #checkOwner(): Promise<void> {
    const { coordinator, store } = this.#parts
    const owner = coordinator.knowsBreakers ? undefined : await store.owner()
    if (owner === undefined) return
    const problem = `closeBreaker: expected a call in process ${owner}, whose runtime owns the queue`
    throw new HelveError('HELVE_ERR_OWNED', problem)
  }

  async breakers(): Promise<Breaker[]> {
    const { store, clock } = this.#parts
    return (await store.breakers()).map((breaker) => inWallTime(breaker, clock))
  }

  async pause(given: PauseTarget, options: { by?: string }): Promise<boolean> {
    const target = this.#target(given)
    checkKeys(options, 'options', ['by'])
    const by = options.by ?? null
    if (by !== null && typeof by !== 'string') throw badOption('by', 'a string', by)
    return this.#parts.coordinator.command({ type: 'pause', target, by })
  }

  async resume(given: PauseTarget): Promise<boolean> {
    const target = await this.#paused(given)
    return this.#parts.coordinator.command({ type: 'resume', target })
  }

  #target(target: PauseTarget): PauseTarget {
    const checked = checkPauseTarget(target)
    const lanes = [MAIN_LANE, ...this.#parts.options.lanes.keys()]
    if ('lane' in checked) checkOneOf(checked.lane, 'target.lane', lanes)
    return checked
  }

  /** The target of a resume. A lane that was paused may be missing in the options by now. */
  async #paused(target: PauseTarget): Promise<PauseTarget> {
    const checked = checkPauseTarget(target)
    const isPaused = ({ lane }: Pause): boolean => 'lane' in checked && lane === checked.lane
    return (await this.#parts.store.pauses()).some(isPaused) ? checked : this.#target(target)
  }
}

/** @throws HelveError `HELVE_ERR_OPTION` for a value that cannot be the id of a job */
export function checkId(id: unknown): number {
  return checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
}
