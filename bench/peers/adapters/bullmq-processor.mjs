// BullMQ's sandbox loads this module in every worker thread.
export default async function noop() {}
