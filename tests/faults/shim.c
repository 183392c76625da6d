/* Stands between mig and the C library: a disk that cannot sync the journal while the file
   $SHIM/eio exists, and a wall clock that is off by the seconds that $SHIM/clock says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *at(char *path, const char *name) {
  const char *folder = getenv("SHIM");
  snprintf(path, 4096, "%s/%s", folder ? folder : "/nonexistent", name);
  return path;
}

static int fails(int fd) {
  char link[64], path[4096], name[4096];
  struct stat st;
  if (stat(at(path, "eio"), &st) != 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, name, sizeof name - 1);
  if (n < 0) return 0;
  name[n] = 0;
  return strstr(name, "journal.db") != NULL;
}

#define SYNC(call)                                        \
  int call(int fd) {                                      \
    static int (*real)(int);                              \
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #call); \
    if (fails(fd)) { errno = EIO; return -1; }            \
    return real(fd);                                      \
  }
SYNC(fsync)
SYNC(fdatasync)

int clock_gettime(clockid_t id, struct timespec *ts) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int r = real(id, ts);
  if (r == 0 && id == CLOCK_REALTIME) {
    char path[4096];
    long off = 0;
    FILE *f = fopen(at(path, "clock"), "r");
    if (f) { if (fscanf(f, "%ld", &off) != 1) off = 0; fclose(f); }
    ts->tv_sec += off;
  }
  return r;
}
