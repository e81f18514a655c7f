import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { Runtime, type RuntimeOptions } from '../../src/index.ts'
import { openStore } from '../support/store.ts'

/** A runtime on an empty file: a test sees there whether a refusal has written anything. */
export async function aRuntime(t: TestContext, options: RuntimeOptions = {}) {
  const store = await openStore(t, { durability: 'process' })
  const runtime = new Runtime(store, options)
  t.after(() => runtime.stop())
  return { store, runtime }
}

/** A value as part of the name of a test. */
export function titled(given: unknown): string {
  return inspect(given, { depth: 2, breakLength: Infinity, maxStringLength: 40 })
}
