/** What a part measured, by name. */
export type Figures = Record<string, number | string>

/** How a part is run; what else it takes says how much of it there is. */
export interface PartOptions {
  /** The same seed makes the same choices. */
  seed: number
}

/** The seed of the shares in `npm test`. */
export const SEED = 20_260_101

/** One part of the chaos tests. */
export interface Part {
  /** What it does, in one line. */
  about: string
  /** As much of it as fits into `npm test`: the further options of `run`, which is long without. */
  share: Record<string, number>
  /** Runs beside the others, which so have a load beside them. */
  beside?: boolean
  /**
   * Resolves to its figures.
   *
   * @throws on anything that must not happen
   */
  run(options: PartOptions): Promise<Figures>
}
