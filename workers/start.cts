// What Piscina loads in each thread, and waits for. It would `require` the entry itself, and Node
// (20.19 and newer) aborts the whole process when a thread is ended while it requires an ES module.
// What is exported must not reject: that means to the pool that the thread is lost.
module.exports = import('./entry.ts').then((entry) => entry.default)
