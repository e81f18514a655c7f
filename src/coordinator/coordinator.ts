import type { Events } from '../events.ts'
import { HelveError } from '../job/errors.ts'
import type { Breaker } from '../job/breaker.ts'
import type { Held } from '../job/endpoint.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Pause } from '../job/pause.ts'
import type { Command, CommandResult } from '../store/command.ts'
import type { Inspection } from '../store/inspection.ts'
import type { Admission, Queue } from '../store/admission.ts'
import type { QueueStore } from '../store/store.ts'
import type { Settle, TurnResult } from '../store/turn.ts'
import { admissions, admitOne, type Lanes } from './admission.ts'
import { AfterCommit } from './after-commit.ts'
import { Breakers, inWallTime } from './breakers.ts'
import type { Clock } from './clock.ts'
import { Drained } from './drained.ts'
import { Endpoints } from './endpoints.ts'
import { explain, rivals, type Explanation } from './explain.ts'
import { FailedTurns } from './failed-turns.ts'
import { Groups } from './groups.ts'
import { Mailbox, type Ending, type Mail, type Submission } from './mailbox.ts'
import { Pauses } from './pauses.ts'
import { Runs } from './runs.ts'
import { decide, type Circumstances } from './settle.ts'
import { Throughput } from './throughput.ts'
import { WakeTimer } from './timer.ts'
import { TurnSize } from './turn-size.ts'

/** The changes of breakers by almost every run; all such runs share one list. */
const NONE: Settle['breakers'] = []

/** A turn that is on disk. */
interface TakenTurn {
  settles: Settle[]
  commands: Command[]
  result: TurnResult
  /** Its moment. */
  now: number
}

/** What the coordinator works with. */
export interface CoordinatorParts {
  store: Pick<QueueStore, 'turn' | 'turnTarget'> & Pick<Inspection, 'oldestDue' | 'standing'>
  lanes: Lanes
  events: Events
  clock: Clock
  /** Gives a number in [0, 1), for jitter. */
  random: () => number
  /** Milliseconds between two looks at an idle queue. */
  idle: number
}

/**
 * The actor that owns the queue. Everything that happens goes into its mailbox. The coordinator
 * takes one turn at a time, and tells others of a turn only after the commit.
 */
export class Coordinator {
  readonly #parts: CoordinatorParts
  readonly #timer: WakeTimer
  readonly #mailbox = new Mailbox()
  readonly #size: TurnSize
  readonly #throughput = new Throughput()
  readonly #groups: Groups
  readonly #runs = new Runs()
  readonly #breakers = new Breakers(this.#runs)
  readonly #endpoints: Endpoints
  readonly #waiting = new Set<{ isOver: () => boolean; resolve: () => void }>()
  #phase: 'paused' | 'claiming' | 'closed' = 'paused'
  #knowsBreakers = false
  #scheduled = false
  #turning = false
  #pauses = { of: [] as readonly Pause[], known: new Pauses([]) }
  /**
   * Whether due jobs wait. Producers are then let in at half the pace, so that the backlog gets
   * shorter: a job that has to wait costs twice as much as a job that starts as it is written.
   */
  #behind = false
  readonly #afterCommit: AfterCommit
  readonly #failedTurns: FailedTurns
  readonly #drained: Drained

  /** Emits an `error` event for a mistake of the host that has stopped nothing. */
  readonly #mistake = (error: unknown, during: string): void => {
    this.#parts.events.emit('error', () => ({ error, during }))
  }

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#groups = new Groups(parts.lanes, this.#mistake)
    this.#endpoints = new Endpoints({
      clock: parts.clock,
      policy: (kind) => parts.lanes.policy(kind),
      breaker: (kind, group) => this.#breakers.get(kind, group),
    })
    this.#afterCommit = new AfterCommit({
      ...parts,
      mailbox: this.#mailbox,
      runs: this.#runs,
      endpoints: this.#endpoints,
      throughput: this.#throughput,
      settled: (job, outcome, took) => this.settled(job, outcome, took),
      mistake: this.#mistake,
    })
    this.#failedTurns = new FailedTurns({
      ...parts,
      mailbox: this.#mailbox,
      acknowledge: (submission, result) => this.#afterCommit.acknowledge(submission, result),
      onRetry: () => this.#schedule(),
    })
    this.#drained = new Drained(parts)
    this.#size = new TurnSize(parts.store.turnTarget)
    this.#timer = new WakeTimer(parts.clock, parts.idle, () => this.wake())
  }

  /** Takes over the breakers that the store has kept. */
  load(breakers: readonly Breaker[]): void {
    this.#breakers.load(breakers)
    this.#knowsBreakers = true
  }

  /** Whether {@link load} has been called: only the owner of the queue knows its breakers. */
  get knowsBreakers(): boolean {
    return this.#knowsBreakers
  }

  /** How many jobs fit into the next turn. */
  get turnRows(): number {
    return this.#size.rows
  }

  /** Resolves after the commit. */
  enqueue(job: NewJob): Promise<EnqueueResult> {
    return new Promise((resolve, reject) => this.#submit(job, resolve, reject))
  }

  /** Resolves after the last commit to a result for each job: an error for one that was refused. */
  enqueueAll(jobs: NewJob[]): Promise<unknown[]> {
    return new Promise((resolve) => {
      const results: unknown[] = Array.from({ length: jobs.length })
      let left = jobs.length
      if (left === 0) resolve(results)
      jobs.forEach((job, i) => {
        const become = (result: unknown): void => {
          results[i] = result
          left -= 1
          if (left === 0) resolve(results)
        }
        this.#submit(job, become, become)
      })
    })
  }

  /** Resolves after the commit; rejects when the command is refused. */
  command<T extends Command['type']>(command: Command & { type: T }): Promise<CommandResult<T>> {
    return new Promise<CommandResult>((resolve, reject) => {
      if (this.#phase === 'closed') return reject(closed())
      this.#mailbox.order({ command, since: this.#parts.clock.monotonic(), resolve, reject })
      this.#schedule()
    }) as Promise<CommandResult<T>>
  }

  /** Looks again at the queues and groups of a kind whose policy or handler has changed. */
  regroup(kind: string): void {
    this.#upkeep({ type: 'regroup', kind }, `looking at the jobs of ${kind} again`)
  }

  /**
   * Puts the end of a run into the mailbox. Every run ends here, whatever its outcome.
   *
   * @param took milliseconds that the run took; undefined when nobody has measured them
   */
  settled(job: ClaimedJob, outcome: Outcome, took?: number): void {
    this.#mailbox.end({ job, outcome, took })
    this.#schedule()
  }

  /**
   * Lets a run into an endpoint, which the run leaves when it ends.
   *
   * @returns what keeps the run out; undefined for a run that is in the endpoint now
   * @throws HelveError `HELVE_ERR_CLOSED` when the run is over, `HELVE_ERR_OPTION` for a run that is
   *   in another endpoint
   */
  async enterEndpoint({ id, token }: ClaimedJob, name: string): Promise<Held | undefined> {
    const run = this.#runs.of(id)
    if (run?.job.token === token) return this.#endpoints.enter(run, name)
    throw new HelveError('HELVE_ERR_CLOSED', `ctx: expected a run that goes on, got job ${id}`)
  }

  /** Why a job does not run now; undefined when no job has this id. */
  async explain(id: number): Promise<Explanation | undefined> {
    const { store, lanes, clock } = this.#parts
    const now = clock.now()
    const standing = await store.standing(id, now, (job, backlog) => rivals(job, backlog, lanes))
    if (standing === undefined) return undefined
    return explain(standing, {
      lanes,
      now: clock.wallOf(now),
      isClaiming: this.#phase === 'claiming',
      isStalled: [...lanes.pools.values()].some((pool) => pool.isStalled(id)),
      pace: (lane) => this.#throughput.of(lane, now),
      breaker: (kind, group) => this.#breakerAt(kind, group),
    })
  }

  #breakerAt(kind: string, group: string): Breaker | undefined {
    const breaker = this.#breakers.get(kind, group)
    return breaker && inWallTime(breaker, this.#parts.clock)
  }

  /** Takes a turn soon, since there may be something to claim. */
  wake(): void {
    this.#mailbox.releaseOnces()
    if (this.#phase === 'claiming' || !this.#mailbox.isEmpty) this.#schedule()
  }

  /** Claims jobs until {@link pause}. */
  claim(): void {
    if (this.#phase === 'closed') throw closed()
    this.#phase = 'claiming'
    this.#drained.begun()
    this.#schedule()
  }

  /** Stops claiming; running jobs go on. */
  pause(): void {
    if (this.#phase === 'claiming') this.#phase = 'paused'
    this.#timer.disarm()
  }

  /** Stops claims by {@link once} for good; jobs that such calls have claimed go on. */
  endOnces(): void {
    this.#mailbox.endOnces()
  }

  /** Claims one job, and resolves when it is settled; false when nothing was runnable. */
  once(): Promise<boolean> {
    if (this.#phase === 'closed') return Promise.reject(closed())
    this.#schedule()
    return this.#mailbox.once()
  }

  /** The number of runs that go on, and of runs that have ended so far. */
  get tally(): { running: number; released: number; completed: number } {
    return this.#runs.tally
  }

  /** Resolves as soon as nothing runs and the mailbox is empty. */
  quiet(): Promise<void> {
    return this.#wait(() => this.#isQuiet)
  }

  /**
   * Resolves as {@link quiet} does, or when every run has ended and the store has failed once more
   * to write the endings.
   */
  ended(): Promise<void> {
    const { failures } = this.#failedTurns
    const hasFailed = (): boolean => this.#failedTurns.failures > failures
    return this.#wait(() => this.#isQuiet || (hasFailed() && this.#hasEnded))
  }

  /** Takes no more turns, and refuses the submissions and commands that still wait. */
  close(): void {
    this.pause()
    this.#phase = 'closed'
    this.#failedTurns.close()
    this.#mailbox.refuse(closed())
  }

  #submit(job: NewJob, resolve: Submission['resolve'], reject: Submission['reject']): void {
    if (this.#phase === 'closed') return reject(closed())
    this.#mailbox.submit({ job, since: this.#parts.clock.monotonic(), resolve, reject })
    this.#schedule()
  }

  get #isQuiet(): boolean {
    return this.#runs.size === 0 && this.#mailbox.isEmpty && !this.#turning
  }

  #lookDrained(): void {
    const isIdle = (): boolean => this.#phase === 'claiming' && this.#isQuiet
    if (isIdle()) void this.#drained.idle(isIdle)
  }

  get #hasEnded(): boolean {
    return this.#mailbox.endings >= this.#runs.size && !this.#turning
  }

  #wait(isOver: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ isOver, resolve })
      this.#tellWaiting()
    })
  }

  #tellWaiting(): void {
    for (const one of this.#waiting) {
      if (!one.isOver()) continue
      this.#waiting.delete(one)
      one.resolve()
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#turning || this.#failedTurns.isWaiting) return
    this.#scheduled = true
    this.#parts.clock.soon(() => {
      this.#scheduled = false
      if (this.#phase !== 'closed') void this.#turn()
    })
  }

  async #turn(): Promise<void> {
    this.#turning = true
    const { clock, random } = this.#parts
    const mail = this.#mailbox.take(this.#size.rows, this.#behind)
    const now = clock.now()
    const began = clock.monotonic()
    const endings = mail.endings.map((ending) => this.#unlessCancelled(ending))
    const circumstances = { now, clock, random, onMistake: this.#mistake }
    const settles = endings.map((ending) => this.#decide(ending, circumstances))
    const commands = mail.orders.map(({ command }) => this.#prepared(command))
    const enqueues = mail.submissions.map(({ job }) => job)
    const admit = (queues: Queue[], pauses: readonly Pause[]): Admission[] =>
      this.#admit(queues, pauses, mail.once !== undefined)
    const suspect = this.#runs.suspectBeside(endings)
    const asked = clock.monotonic()
    let result: TurnResult | undefined
    try {
      const { store } = this.#parts
      result = await store.turn({ now, settles, commands, enqueues, suspect, admit })
    } catch (error) {
      this.#breakers.settle(() => false)
      await this.#failedTurns.failed(error, mail)
      if (this.#phase !== 'closed') this.#failedTurns.retryLater()
    }
    if (result !== undefined) {
      const answered = clock.monotonic()
      this.#committed({ ...mail, endings }, { settles, commands, result, now })
      // The coordinator's own work before and after the transaction holds the event loop as well.
      const own = asked - began + (clock.monotonic() - answered)
      this.#size.learn(own + result.heldMs)
    }
    this.#turning = false
    if (!this.#mailbox.isEmpty || result?.more) this.#schedule()
    // A turn for `once` claims one job only; the next turn claims other jobs.
    if (mail.once && this.#phase === 'claiming') this.#schedule()
    if (this.#phase === 'closed') this.#mailbox.refuse(closed())
    this.#tellWaiting()
    if (result && !result.more && !result.behind) this.#lookDrained()
  }

  /** Turns the outcome of a cancelled run into `cancelled`, unless the run has completed. */
  #unlessCancelled(ending: Ending): Ending {
    const { job, outcome, took } = ending
    const run = this.#runs.of(job.id)
    if (outcome.type === 'completed' || !run?.isCancelled) return ending
    const deliveries = 'deliveries' in outcome ? outcome.deliveries : []
    const isOwn = run.job.token === job.token
    return isOwn ? { job, outcome: { type: 'cancelled', deliveries }, took } : ending
  }

  #decide(ending: Ending, circumstances: Circumstances): Settle {
    const { job, outcome } = ending
    const policy = this.#parts.lanes.policy(job.kind)
    const { move, rerun } = decide(outcome, job, policy, circumstances)
    const made = 'followUps' in outcome ? outcome.followUps : []
    const followUps = made.map((one) => this.#groups.followUp(one, circumstances.now))
    const deliveries = 'deliveries' in outcome ? outcome.deliveries : []
    const breakers = this.#breakersAfter(ending, circumstances)
    const published = 'publications' in outcome ? outcome.publications : undefined
    const publications = published && { publications: published }
    return { job, move, rerun, followUps, deliveries, breakers, ...publications }
  }

  /** An ending that is late says nothing of the group. */
  #breakersAfter({ job, outcome }: Ending, circumstances: Circumstances): Settle['breakers'] {
    const run = this.#runs.of(job.id)
    if (run?.job.token !== job.token) return NONE
    if (job.group === null && run.endpoint === undefined) return NONE
    const policy = this.#parts.lanes.policy(job.kind)
    return this.#breakers.ended(run, outcome, policy, circumstances)
  }

  /** A command with what only the coordinator knows; whatever else it changes takes part in the turn. */
  #prepared(command: Command): Command {
    if (command.type === 'closeBreaker') this.#breakers.close(command)
    if (command.type !== 'cancel') return command
    return { ...command, token: this.#runs.of(command.id)?.job.token }
  }

  #admit(queues: Queue[], pauses: readonly Pause[], once: boolean): Admission[] {
    if (pauses !== this.#pauses.of) this.#pauses = { of: pauses, known: new Pauses(pauses) }
    const { known } = this.#pauses
    const { lanes } = this.#parts
    if (once) return admitOne(queues, known, lanes, this.#breakers)
    if (this.#phase !== 'claiming') return []
    return admissions(queues, known, lanes, this.#size.rows, this.#breakers)
  }

  #committed(mail: Mail, { settles, commands, result, now }: TakenTurn): void {
    this.#failedTurns.succeeded()
    this.#behind = result.behind
    if (result.claimed.length > 0) this.#drained.claimed()
    this.#breakers.settle((cause) => isWritten(cause, { settles, commands, result }))
    this.#afterCommit.follow(mail, settles, result, now)
    const jobs = this.#groups.file(result.unfiled)
    if (jobs.length > 0) this.#upkeep({ type: 'file', jobs }, 'filing jobs in their groups')
    if (this.#phase === 'claiming') this.#timer.arm(result.nextDue)
  }

  /** Sends a command of the engine; nobody waits for the answer, and an error becomes an event. */
  #upkeep(command: Command, during: string): void {
    this.command(command).catch((error: unknown) => {
      // After a close, the next owner of the queue does the same upkeep anew.
      if (this.#phase !== 'closed') this.#mistake(error, during)
    })
  }
}

/** Whether the turn has written what a change of a breaker comes from. */
function isWritten(cause: object, { settles, commands, result }: Omit<TakenTurn, 'now'>): boolean {
  const command = commands.indexOf(cause as Command)
  if (command !== -1) return result.commanded[command] === true
  const at = settles.findIndex(({ job }) => job.token === (cause as ClaimedJob).token)
  const settled = result.settled[at]
  return settled !== undefined && !settled.refused && !settled.setAside
}

export function closed(): HelveError {
  return new HelveError('HELVE_ERR_CLOSED', 'runtime: expected one that runs, got a stopped one')
}
