import { execFile, type ExecFileOptions } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Runs one trial in a process of its own.
 *
 * @param program the file, and its arguments before the parameters
 * @returns the figures of the trial, by name
 */
export async function runTrial(
  program: string[],
  params: object,
  options: ExecFileOptions = {},
): Promise<Record<string, number>> {
  const args = [...program, JSON.stringify(params)]
  const { stdout } = await promisify(execFile)(process.execPath, args, options)
  return JSON.parse(String(stdout)) as Record<string, number>
}
