// What Piscina loads in each thread, and waits for. It would `require` the entry itself, and Node
// (20.19 and newer) aborts the whole process when a thread is ended while it requires an ES module.
// What this waits for rejects if the handlers cannot be set up, which ends the thread.
module.exports = import('./entry.ts').then((entry) => entry.default)
