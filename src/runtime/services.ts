/** Something that works for a runtime as long as the runtime owns its file. */
export interface Service {
  start(): void | Promise<void>
  /** Called once for each start, also for a start that has failed. */
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

  /** Starts the services. After an error, the started services wait for {@link stop}. */
  async start(): Promise<void> {
    for (const service of this.#all) {
      this.#started.push(service)
      await service.start()
    }
  }

  /** Stops each started service; reports one that cannot be stopped, and stops the others. */
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
