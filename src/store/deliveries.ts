/** What delivery retention needs of a store. */
export interface DeliveryPruner {
  /** Deletes delivery records that started before `before` (epoch ms); resolves to their number. */
  pruneDeliveries(before: number): Promise<number>
}
