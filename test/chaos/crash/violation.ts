/** Something has happened that must not happen. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function violation(text: string, evidence?: unknown): never {
  throw new Violation(evidence === undefined ? text : `${text}: ${JSON.stringify(evidence)}`)
}

/** The exit code of a process that has found a violation. */
export const FOUND = 3
