/** Something that works for a runtime as long as that owns its file. */
export interface Service {
  start(): void | Promise<void>
  /** Called once for each start, also for one that has failed. */
  stop(): void | Promise<void>
}

/** The services of a runtime: started in order, and stopped in reverse order. */
export class Services {
  readonly #all: readonly Service[]
  #started: Service[] = []
  readonly #onMistake: (error: unknown, during: string) => void

  constructor(all: readonly Service[], onMistake: (error: unknown, during: string) => void) {
    this.#all = all
    this.#onMistake = onMistake
  }

  /** After an error those that have been started wait for {@link stop}. */
  async start(): Promise<void> {
    for (const service of this.#all) {
      this.#started.push(service)
      await service.start()
    }
  }

  /** Stops each of them, also when another one cannot be stopped: that is told. */
  async stop(): Promise<void> {
    const started = this.#started.toReversed()
    this.#started = []
    for (const service of started) {
      try {
        await service.stop()
      } catch (error) {
        this.#onMistake(error, 'stopping, which goes on')
      }
    }
  }
}
