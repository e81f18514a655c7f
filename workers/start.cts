// Piscina loads this file in each thread, and awaits its export. Piscina would `require` the entry
// itself, and Node (20.19 and newer) aborts the whole process when a thread is ended while it
// requires an ES module. The export rejects if the handlers cannot be set up, and the rejection
// ends the thread.
module.exports = import('./entry.ts').then((entry) => entry.default)
