import type { PauseTarget } from '../../src/job/pause.ts'
import type { CommandResult } from '../../src/store/command.ts'
import type { Store } from '../../src/store/store.ts'
import { command, NOW } from './jobs.ts'

// Each function executes one command in a turn of its own.

export function retry(store: Store, id: number, now = NOW): Promise<CommandResult> {
  return command(store, { type: 'retry', id }, now)
}

export function discard(store: Store, id: number, now = NOW): Promise<CommandResult> {
  return command(store, { type: 'discard', id }, now)
}

/** Deletes as many jobs as one command, and so one turn, deletes. */
export function prune(store: Store, before: number, now = NOW): Promise<CommandResult> {
  return command(store, { type: 'prune', before }, now)
}

export function cancel(
  store: Store,
  id: number,
  now = NOW,
  token?: number,
): Promise<CommandResult<'cancel'>> {
  return command(store, { type: 'cancel', id, token }, now)
}

export function pause(
  store: Store,
  target: PauseTarget,
  now = NOW,
  by: string | null = null,
): Promise<CommandResult> {
  return command(store, { type: 'pause', target, by }, now)
}

export function resume(store: Store, target: PauseTarget, now = NOW): Promise<CommandResult> {
  return command(store, { type: 'resume', target }, now)
}

export function regroup(store: Store, kind: string, now = NOW): Promise<CommandResult> {
  return command(store, { type: 'regroup', kind }, now)
}
