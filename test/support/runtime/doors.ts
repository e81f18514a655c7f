import { BAD_SUBMISSIONS } from './bad-submissions.ts'

/** What a door says to a bad submission. */
export interface Refused {
  code: unknown
  message: string
}

/** Tries every bad submission at a door; a submission that the door lets through has no code. */
export async function tryAll(enqueue: (...given: unknown[]) => unknown): Promise<Refused[]> {
  const refused: Refused[] = []
  for (const [, given] of BAD_SUBMISSIONS) {
    try {
      await enqueue(...given)
      refused.push({ code: undefined, message: 'it was let through' })
    } catch (error) {
      const { code, message } = error as Error & { code?: unknown }
      refused.push({ code, message })
    }
  }
  return refused
}
