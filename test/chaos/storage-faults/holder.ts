import Database from 'better-sqlite3'

// The tests of this folder fork this module: a process that holds a file as another program may do,
// until it is told to let go, or its parent is gone.

const [file, lock] = process.argv.slice(2) as [string, 'write' | 'read']
const connection = new Database(file)
if (lock === 'write') connection.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS theirs (n)')
else connection.exec('BEGIN; SELECT count(*) FROM helve_jobs')
process.send!('held')
process.on('disconnect', () => connection.exec('COMMIT').close())
