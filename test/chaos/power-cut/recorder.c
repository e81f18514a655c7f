/*
 * Preloaded into a process, this library writes down in order all changes that the process makes to
 * the files of one folder, and all syncs that it asks for. Any moment of the record can be taken
 * for a power cut: the record tells what had been synced by then, and what may or may not have
 * reached the disk.
 *
 *   HELVE_RECORD_FOLDER  absolute path of the folder; without it nothing is recorded
 *   HELVE_RECORD_LOG     the record, appended to; outside of the folder
 *   HELVE_RECORD_CUT     the process kills itself after so many entries; 0 or nothing: never
 *
 * The library knows the calls that SQLite and Node make: open, write, pwrite, ftruncate, fsync,
 * fdatasync, unlink, rename. Files whose name ends with "-shm" are memory that processes share, and
 * are left out. log.ts reads the record.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* A sync is two entries: data written while the sync goes on may not be part of it. */
enum operation { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, UNLINK, RENAME };

/* Little-endian; `length` bytes follow: the written data, or a name. */
struct entry {
  uint32_t operation;
  uint32_t file;
  uint64_t offset;
  uint64_t length;
};

struct file {
  dev_t device;
  ino_t inode;
  int removed;
};

#define MOST_FILES 4096
#define FOLDER 0

static const char *folder;
static int log_fd = -1;
static long cut_after;
static long entries;
static struct file files[MOST_FILES];
static uint32_t file_count;
/* Held over a call and its entry, so that the record has the order in which the calls happened. */
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what) {
  perror(what);
  abort();
}

static uint32_t add_file(const struct stat *is) {
  if (file_count == MOST_FILES) fail("recorder: too many files");
  files[file_count] = (struct file){is->st_dev, is->st_ino, 0};
  return file_count++;
}

__attribute__((constructor)) static void begin(void) {
  const char *in = getenv("HELVE_RECORD_FOLDER");
  const char *log = getenv("HELVE_RECORD_LOG");
  const char *cut = getenv("HELVE_RECORD_CUT");
  struct stat is;
  if (in == NULL || log == NULL) return;
  cut_after = cut == NULL ? 0 : atol(cut);
  if (stat(in, &is) != 0) fail("recorder: folder");
  add_file(&is);
  log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) fail("recorder: log");
  folder = in;
}

static void record(enum operation operation, uint32_t file, uint64_t offset, const void *data,
                   uint64_t length) {
  struct entry entry = {operation, file, offset, length};
  struct iovec parts[] = {{&entry, sizeof entry}, {(void *)data, length}};
  ssize_t whole = sizeof entry + length;
  if (syscall(SYS_writev, log_fd, parts, 2) != whole) fail("recorder: write");
  if (++entries != cut_after) return;
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* The number of a file that is recorded; -1 for any other file. */
static long number_of(const struct stat *is) {
  if (folder == NULL || !(S_ISREG(is->st_mode) || S_ISDIR(is->st_mode))) return -1;
  for (uint32_t i = 0; i < file_count; i++) {
    const struct file *file = &files[i];
    if (!file->removed && file->inode == is->st_ino && file->device == is->st_dev) return i;
  }
  return -1;
}

/* Goes by the inode: the recorder does not see when a descriptor is closed and given out again. */
static long number_of_fd(int fd) {
  struct stat is;
  if (folder == NULL || fstat(fd, &is) != 0) return -1;
  pthread_mutex_lock(&order);
  long number = number_of(&is);
  pthread_mutex_unlock(&order);
  return number;
}

/* The name of a file that is in the folder itself and is recorded; NULL for any other path. */
static const char *name_of(const char *path) {
  if (folder == NULL || path == NULL) return NULL;
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
  const char *name = path + length + 1;
  size_t rest = strlen(name);
  if (rest == 0 || strchr(name, '/') != NULL) return NULL;
  return rest >= 4 && strcmp(name + rest - 4, "-shm") == 0 ? NULL : name;
}

/* The number of a file that is there; a file that is new to the record gets an entry. */
static long number_of_path(const char *path, const char *name, int created) {
  struct stat is;
  if (stat(path, &is) != 0) return -1;
  long number = number_of(&is);
  if (number >= 0) return number;
  number = add_file(&is);
  record(OPEN, number, created, name, strlen(name));
  return number;
}

static int open_recorded(const char *path, int flags, mode_t mode) {
  const char *name = name_of(path);
  if (name == NULL) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&order);
  struct stat is;
  int created = stat(path, &is) != 0;
  int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (fd >= 0) {
    long number = number_of_path(path, name, created);
    if (flags & O_TRUNC) record(TRUNCATE, number, 0, NULL, 0);
  }
  pthread_mutex_unlock(&order);
  return fd;
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define DEFINE_OPEN(name)                          \
  int name(const char *path, int flags, ...) {     \
    va_list rest;                                  \
    va_start(rest, flags);                         \
    mode_t mode = mode_of(flags, rest);            \
    va_end(rest);                                  \
    return open_recorded(path, flags, mode);       \
  }

/* SQLite and Node open the recorded files by their absolute paths. */
#define DEFINE_OPENAT(name)                                                 \
  int name(int at, const char *path, int flags, ...) {                      \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    mode_t mode = mode_of(flags, rest);                                     \
    va_end(rest);                                                           \
    if (name_of(path) == NULL) return syscall(SYS_openat, at, path, flags, mode); \
    return open_recorded(path, flags, mode);                                \
  }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t length) {
  long number = number_of_fd(fd);
  if (number < 0) return syscall(SYS_write, fd, data, length);
  pthread_mutex_lock(&order);
  ssize_t written = syscall(SYS_write, fd, data, length);
  if (written > 0) {
    /* The write ended here, after an append as well. */
    off_t end = lseek(fd, 0, SEEK_CUR);
    record(WRITE, number, end - written, data, written);
  }
  pthread_mutex_unlock(&order);
  return written;
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t offset) {
  long number = number_of_fd(fd);
  if (number < 0) return syscall(SYS_pwrite64, fd, data, length, offset);
  pthread_mutex_lock(&order);
  ssize_t written = syscall(SYS_pwrite64, fd, data, length, offset);
  if (written > 0) record(WRITE, number, offset, data, written);
  pthread_mutex_unlock(&order);
  return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return write_at(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  return write_at(fd, data, length, offset);
}

static int truncate_recorded(int fd, off_t length) {
  long number = number_of_fd(fd);
  if (number < 0) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&order);
  int result = syscall(SYS_ftruncate, fd, length);
  if (result == 0) record(TRUNCATE, number, length, NULL, 0);
  pthread_mutex_unlock(&order);
  return result;
}

int ftruncate(int fd, off_t length) { return truncate_recorded(fd, length); }

int ftruncate64(int fd, off_t length) { return truncate_recorded(fd, length); }

static void record_sync(enum operation operation, long number) {
  pthread_mutex_lock(&order);
  record(operation, number, 0, NULL, 0);
  pthread_mutex_unlock(&order);
}

static int sync_recorded(int fd, long call) {
  long number = number_of_fd(fd);
  if (number >= 0) record_sync(SYNC_BEGIN, number);
  int result = syscall(call, fd);
  if (number >= 0 && result == 0) record_sync(SYNC_END, number);
  return result;
}

int fsync(int fd) { return sync_recorded(fd, SYS_fsync); }

int fdatasync(int fd) { return sync_recorded(fd, SYS_fdatasync); }

int unlink(const char *path) {
  const char *name = name_of(path);
  if (name == NULL) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  pthread_mutex_lock(&order);
  long number = number_of_path(path, name, 0);
  int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (result == 0 && number >= 0) {
    record(UNLINK, number, 0, name, strlen(name));
    files[number].removed = 1;
  }
  pthread_mutex_unlock(&order);
  return result;
}

int rename(const char *from, const char *to) {
  const char *old_name = name_of(from), *name = name_of(to);
  if (old_name == NULL && name == NULL) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  }
  /* Neither SQLite nor helve renames into or out of the folder; the record has no entry for it. */
  if (old_name == NULL || name == NULL) fail("recorder: rename across the folder");
  pthread_mutex_lock(&order);
  long number = number_of_path(from, old_name, 0);
  long replaced = number_of_path(to, name, 0);
  int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (result == 0) {
    if (replaced >= 0) files[replaced].removed = 1;
    record(RENAME, number, 0, name, strlen(name));
  }
  pthread_mutex_unlock(&order);
  return result;
}
