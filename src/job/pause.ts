import { badOption, checkKeys } from './check.ts'
import { checkGroup } from './names.ts'
import { checkKind } from './submission.ts'

/** What is paused: a lane, a kind, or a group of a kind. */
export type PauseTarget = { lane: string } | { kind: string; group?: string }

/** A pause, as the store keeps it. */
export interface Pause {
  /** `null` unless a lane is paused. */
  lane: string | null
  /** `null` unless a kind, or a group of a kind, is paused. */
  kind: string | null
  group: string | null
  /** Epoch milliseconds. */
  since: number
  /** Who paused the target, or for what reason, as given to `pause`. */
  by: string | null
}

/** @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND` */
export function checkPauseTarget(target: PauseTarget): PauseTarget {
  checkKeys(target, 'target', ['lane', 'kind', 'group'])
  if ('lane' in target) {
    checkKeys(target, 'target', ['lane'])
    if (typeof target.lane === 'string' && target.lane !== '') return target
    throw badOption('target.lane', 'the name of a lane', target.lane)
  }
  const { kind, group } = target
  checkKind(kind)
  return checkGroup(group) === null ? { kind } : { kind, group: group! }
}
