/**
 * The time of a queue, in milliseconds: setting the wall clock moves it neither back nor forward.
 */
export interface QueueClock {
  /** The present moment of the queue. A later call never gives an earlier moment. */
  now(): number
  /** What the wall clock shows at a moment of the queue, in epoch milliseconds. */
  wallOf(time: number): number
  /** The moment of the queue at which the wall clock, as it is set now, shows `wall`. */
  timeOf(wall: number): number
}

/** Where a {@link Timeline} gets its time from. */
export interface TimeSources {
  /** Epoch milliseconds. */
  wall: () => number
  /**
   * Milliseconds on a clock that nobody sets. All processes of one start of the machine share the
   * clock.
   */
  monotonic: () => number
  /** Names the start of the machine; undefined where the system does not tell. */
  boot: string | undefined
}

/** One moment of a timeline, which a queue keeps for later processes. */
export interface Anchor {
  boot: string | null
  /** On the monotonic clock of that start of the machine. */
  monotonic: number
  time: number
  /** What the wall clock showed, less `time`. */
  offset: number
}

/** Milliseconds: a wall clock that leaves its course by more than these counts as set. */
const STEP = 100
/** Milliseconds that reading both clocks may take: a slower reading proves nothing. */
const LONGEST_READING = 5
/** Milliseconds after which the queue keeps a new anchor. */
const KEEP_EVERY = 60_000

/**
 * The timeline of one queue. In a process, and between processes of one start of the machine, the
 * timeline advances with the monotonic clock. Over a restart of the machine it advances with the
 * wall clock, and never goes back. While the machine sleeps, the timeline stands still.
 */
export class Timeline implements QueueClock {
  readonly #sources: TimeSources
  /** The moment of the queue at which the monotonic clock began. */
  readonly #origin: number
  #offset: number
  #kept: number
  #isSet: boolean

  /** @param anchor the anchor that the queue has kept; undefined for a new queue */
  constructor(sources: TimeSources, anchor: Anchor | undefined) {
    const [monotonic, wall] = [sources.monotonic(), sources.wall()]
    this.#sources = sources
    const time = startOf(anchor, sources.boot, monotonic, wall)
    this.#origin = time - monotonic
    this.#offset = anchor?.offset ?? 0
    this.#kept = time
    this.#isSet = anchor === undefined || anchor.boot !== (sources.boot ?? null)
    this.#observe(time, wall)
  }

  now(): number {
    const { wall, monotonic } = this.#sources
    const time = this.#origin + monotonic()
    const isOff = Math.abs(wall() - time - this.#offset) > STEP
    return Math.floor(isOff ? this.#look() : time)
  }

  wallOf(time: number): number {
    return time + this.#offset
  }

  timeOf(wall: number): number {
    return wall - this.#offset
  }

  /** The anchor of the present moment; undefined while it is too early to keep a new one. */
  get toKeep(): Anchor | undefined {
    const monotonic = this.#sources.monotonic()
    const time = this.#origin + monotonic
    if (!this.#isSet && time - this.#kept < KEEP_EVERY) return undefined
    return { boot: this.#sources.boot ?? null, monotonic, time, offset: this.#offset }
  }

  /** The queue has kept an anchor. */
  kept({ time, offset }: Anchor): void {
    this.#kept = time
    this.#isSet = offset !== this.#offset
  }

  /**
   * Reads both clocks once more: somebody may have set the wall clock, or something may have held
   * up the process between two readings.
   */
  #look(): number {
    const { wall, monotonic } = this.#sources
    const before = this.#origin + monotonic()
    const shown = wall()
    const after = this.#origin + monotonic()
    if (after - before <= LONGEST_READING) this.#observe(before, shown)
    return after
  }

  /** Follows a wall clock that somebody has set. */
  #observe(time: number, wall: number): void {
    if (Math.abs(wall - time - this.#offset) <= STEP) return
    this.#offset = Math.round(wall - time)
    this.#isSet = true
  }
}

function startOf(
  anchor: Anchor | undefined,
  boot: string | undefined,
  monotonic: number,
  wall: number,
): number {
  if (anchor === undefined) return wall
  const { time, offset } = anchor
  const isSameStart = boot !== undefined && boot === anchor.boot && monotonic >= anchor.monotonic
  const passed = isSameStart ? monotonic - anchor.monotonic : wall - (time + offset)
  return time + Math.max(0, passed)
}

/** The clock of a store that has no clock of its own: wall time. */
export const wallTime: QueueClock = {
  now: () => Date.now(),
  wallOf: (time) => time,
  timeOf: (wall) => wall,
}
