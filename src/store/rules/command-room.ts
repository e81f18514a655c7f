import type { HelveError } from '../../job/errors.ts'
import type { Command, CommandResult } from '../command.ts'

/** Bytes of payloads that the commands of one turn rewrite or delete: SQLite takes some 5 ms for them. */
export const MOST_BYTES = 1_048_576

/** How a store executes the commands of one turn. */
export interface Executor {
  /** Bytes of payloads that the commands of the turn have rewritten or deleted so far. */
  readonly commandBytes: number
  execute(command: Command): CommandResult | HelveError
}

/** Executes commands in their order; undefined stands for each that the turn has no room for. */
export function executeAll(
  executor: Executor,
  commands: readonly Command[],
): (CommandResult | HelveError | undefined)[] {
  return commands.map((command) => {
    return executor.commandBytes > MOST_BYTES ? undefined : executor.execute(command)
  })
}
