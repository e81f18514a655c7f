/** What a part measured, by name. */
export type Figures = Record<string, number | string>

/** How a part is run. */
export interface PartOptions {
  /** The same seed makes the same choices. */
  seed: number
}

/** One part of the chaos tests. */
export interface Part {
  /** What it does, in one line. */
  about: string
  /**
   * Resolves to its figures.
   *
   * @throws on anything that must not happen
   */
  run(options: PartOptions): Promise<Figures>
}
