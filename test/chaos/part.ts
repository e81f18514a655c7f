/** The figures that a part measured, by name. */
export type Figures = Record<string, number | string>

/** The options of every part. The further options of a part say how much it does. */
export interface PartOptions {
  /** The same seed makes the same choices. */
  seed: number
}

/** The seed of the shares in `npm test`. */
export const SEED = 20_260_101

/** One part of the chaos tests. */
export interface Part {
  /** What the part does, in one line. */
  about: string
  /** Further options of `run`, which make the part fit into `npm test`; it is long without them. */
  share: Record<string, number>
  /** The part runs beside the other parts, which so have a load beside them. */
  beside?: boolean
  /**
   * Resolves to the figures of the part.
   *
   * @throws on anything that must not happen
   */
  run(options: PartOptions): Promise<Figures>
}
