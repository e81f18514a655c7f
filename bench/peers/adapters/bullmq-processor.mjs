// What BullMQ's sandbox loads in every worker thread.
export default async function noop() {}
