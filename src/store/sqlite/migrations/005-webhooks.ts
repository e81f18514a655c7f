/** Rotation of secrets, authorization, Standard Webhooks, and deliveries that were asked for by hand. */
export const webhooks = `
  ALTER TABLE helve_webhooks ADD COLUMN previous_secret TEXT;
  ALTER TABLE helve_webhooks ADD COLUMN previous_secret_until INTEGER;
  ALTER TABLE helve_webhooks ADD COLUMN authorization TEXT;
  ALTER TABLE helve_webhooks ADD COLUMN standard INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE helve_webhooks ADD COLUMN updated_at INTEGER;

  ALTER TABLE helve_deliveries ADD COLUMN redelivery INTEGER NOT NULL DEFAULT 0;
`
