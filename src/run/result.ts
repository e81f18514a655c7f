import { shown } from '../job/check.ts'
import { toJobError } from '../job/failure.ts'
import { MAX_RESULT_BYTES } from '../job/limits.ts'
import { checkSize } from '../job/payload.ts'

// Kept here, because a handler may replace the global.
const { stringify } = JSON

/**
 * The JSON of a handler's return value, or the problem why there is none. Never throws: the work is
 * done by then, and a result that is no JSON is no reason to do the work again.
 */
export function resultJson(result: unknown): { json: string | undefined; problem?: string } {
  if (result === undefined) return { json: undefined }
  try {
    const json = stringify(result) as string | undefined
    if (json === undefined) return without(`expected JSON, got ${shown(result)}`)
    checkSize(json, 'result', MAX_RESULT_BYTES)
    return { json }
  } catch (error) {
    return without(toJobError(error).message)
  }
}

function without(problem: string): ReturnType<typeof resultJson> {
  return { json: undefined, problem }
}
