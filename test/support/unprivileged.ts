const NOBODY = 65_534

/** Runs `work` as a user whom file modes stop; root would read and write everything. */
export async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  const { seteuid } = process
  if (process.geteuid?.() !== 0 || seteuid === undefined) return work()
  seteuid(NOBODY)
  try {
    return await work()
  } finally {
    seteuid(0)
  }
}
