import type { Breaker } from '../job/breaker.ts'
import { groupOfEndpoint, type Held } from '../job/endpoint.ts'
import { badOption } from '../job/check.ts'
import type { Policy } from '../job/policy.ts'
import type { Clock } from './clock.ts'
import type { Run } from './runs.ts'

/** Milliseconds for which a run waits for a place, and holds its slot of the lane meanwhile. */
const PATIENCE = 250

/** Milliseconds for which a run without a place holds its group back. */
const HOLD = 1_000

interface Parts {
  clock: Clock
  policy: (kind: string) => Pick<Policy, 'endpointConcurrency'>
  /** The breaker of a group; undefined while it is closed. */
  breaker: (kind: string, group: string) => Breaker | undefined
}

interface Waiting {
  run: Run
  enter: () => void
  keepOut: (held: Held) => void
}

/** The runs of one kind in one endpoint. */
interface Place {
  kind: string
  name: string
  inside: Set<Run>
  /** In the order in which they came. */
  waiting: Set<Waiting>
}

/**
 * The endpoints that runs have entered: how many runs are in an endpoint at a time, and whether its
 * breaker lets a run in.
 */
export class Endpoints {
  readonly #parts: Parts
  /** By {@link idOf} the endpoint. Endpoints without runs are left out. */
  readonly #places = new Map<string, Place>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Resolves once the run is in the endpoint, which the run leaves when it ends; or to what keeps the
   * run out.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for a run that is in another endpoint
   */
  async enter(run: Run, name: string): Promise<Held | undefined> {
    const { endpoint, job } = run
    if (endpoint?.name === name) return endpoint.answer
    if (endpoint !== undefined) {
      throw badOption('endpoint', `${endpoint.name}, which the run has entered before`, name)
    }
    const place = this.#place(job.kind, name)
    const answer = new Promise<Held | undefined>((resolve) => {
      place.waiting.add(this.#waiting(run, place, resolve))
    })
    run.endpoint = { name, since: undefined, answer }
    this.#serve(place)
    return answer
  }

  #waiting(run: Run, place: Place, resolve: (held: Held | undefined) => void): Waiting {
    const stop = this.#parts.clock.after(PATIENCE, () => waiting.keepOut(this.#full(place)))
    const waiting: Waiting = {
      run,
      enter: () => {
        stop()
        place.waiting.delete(waiting)
        place.inside.add(run)
        run.endpoint!.since = this.#parts.clock.now()
        resolve(undefined)
      },
      keepOut: (held) => {
        stop()
        place.waiting.delete(waiting)
        run.endpoint = undefined
        this.#forgetEmpty(place)
        resolve(held)
      },
    }
    return waiting
  }

  /** Gives the place of a run that has ended to the run that has waited for longest. */
  leave(run: Run): void {
    if (run.endpoint === undefined) return
    const place = this.#place(run.job.kind, run.endpoint.name)
    place.inside.delete(run)
    for (const waiting of place.waiting) {
      if (waiting.run === run) waiting.keepOut({ delay: HOLD, reason: 'the run is over' })
    }
    this.#serve(place)
    this.#forgetEmpty(place)
  }

  #serve(place: Place): void {
    const breaker = this.#breaker(place)
    const wait = breaker === undefined ? 0 : breaker.until - this.#parts.clock.now()
    for (const waiting of place.waiting) {
      if (breaker !== undefined && wait > 0) {
        waiting.keepOut({ delay: Math.ceil(wait), reason: troubleOf(place, breaker) })
      } else if (this.#room(place, breaker) > 0) waiting.enter()
    }
  }

  /** Runs that entered before the breaker opened take no room from the run that tries the endpoint. */
  #room({ kind, inside }: Place, breaker: Breaker | undefined): number {
    const { endpointConcurrency } = this.#parts.policy(kind)
    if (breaker === undefined) return endpointConcurrency - inside.size
    const later = [...inside].filter(({ endpoint }) => endpoint!.since! > breaker.opened).length
    return Math.min(endpointConcurrency - inside.size, breaker.room - later)
  }

  #full(place: Place): Held {
    const breaker = this.#breaker(place)
    if (breaker !== undefined) return { delay: HOLD, reason: troubleOf(place, breaker) }
    const { size } = place.inside
    const runs = size === 1 ? '1 run is' : `${size} runs are`
    return { delay: HOLD, reason: `${runs} in endpoint ${place.name}` }
  }

  #breaker({ kind, name }: Place): Breaker | undefined {
    return this.#parts.breaker(kind, groupOfEndpoint(name))
  }

  #place(kind: string, name: string): Place {
    const id = idOf(kind, name)
    const place = this.#places.get(id) ?? { kind, name, inside: new Set(), waiting: new Set() }
    this.#places.set(id, place)
    return place
  }

  #forgetEmpty({ kind, name, inside, waiting }: Place): void {
    if (inside.size + waiting.size === 0) this.#places.delete(idOf(kind, name))
  }
}

/** No kind has a space in its name. */
function idOf(kind: string, name: string): string {
  return `${kind} ${name}`
}

function troubleOf({ name }: Place, { failures, reason }: Breaker): string {
  if (failures === 0) return `endpoint ${name} is tried by one run at a time after failures`
  const times = failures === 1 ? '' : ` ${failures} times in a row`
  return `endpoint ${name} has failed${times}${reason === '' ? '' : `: ${reason}`}`
}
