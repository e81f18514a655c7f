import type { LookupFunction } from 'node:net'
import { guardedConnector } from '../../../src/webhook/guard/connector.ts'
import { AttemptTrace } from '../../../src/webhook/trace.ts'
import { Guard } from '../../../src/webhook/guard/guard.ts'
import type { Resolver } from '../../../src/webhook/guard/resolver.ts'
import type { GuardOptions } from '../../../src/job/webhook-guard.ts'
import { checkGuard } from '../../../src/webhook/guard/rules.ts'

/** A guard, with the default for what is not given. */
export function guard(options: GuardOptions = {}, resolver?: Resolver): Guard {
  return new Guard(checkGuard(options), resolver)
}

/** Answers in turn, and again with the last one, whatever name is asked for. */
export function answers(...list: (readonly string[] | Error)[]): Resolver & { asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    async resolve(host) {
      const answer = list[Math.min(asked.push(host), list.length) - 1]!
      if (answer instanceof Error) throw answer
      return answer
    },
  }
}

/**
 * The addresses that a guarded connector would give to its socket; connects to nobody.
 *
 * @throws BlockedError when it would refuse
 */
export function dialled(guard: Guard, hostname: string): Promise<string[]> {
  const { signal } = new AbortController()
  return new Promise((resolve, reject) => {
    const connect = guardedConnector(
      { guard, signal, trace: new AttemptTrace() },
      (lookup) => () => {
        // As a socket does, which asks for no address of an address.
        if (/^[\d.]+$|:/.test(hostname)) resolve([hostname])
        else lookUp(lookup, hostname).then(resolve, reject)
      },
    )
    connect({ hostname, protocol: 'http:', port: '80' }, (...[error]) => reject(error))
  })
}

function lookUp(lookup: LookupFunction, host: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => {
      if (error) reject(error)
      else resolve((addresses as { address: string }[]).map(({ address }) => address))
    })
  })
}
