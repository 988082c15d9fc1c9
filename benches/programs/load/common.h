/* What the load generators and the limits share: clocks, sockets, files. One JSON line per mode goes to stdout. */
#ifndef COMMON_H
#define COMMON_H
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
static inline u64 now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static inline u64 cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static inline void die(const char *m) {
    printf("{\"error\": \"%s: %s\"}\n", m, strerror(errno));
    exit(1);
}
static inline int usock(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path) die("socket path too long");
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket");
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        close(fd);
        return -1;
    }
    return fd;
}
static inline char *slurp(const char *f, size_t *n) {
    int fd = open(f, O_RDONLY);
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) die(f);
    char *b = malloc(s.st_size + 1);
    *n = read(fd, b, s.st_size);
    b[*n] = 0;
    close(fd);
    return b;
}

static inline int cmp64(const void *a, const void *b) {
    u64 x = *(u64 *)a, y = *(u64 *)b;
    return x < y ? -1 : x > y;
}

/* The modes; see main.c. */
int m_rpc(char **), m_one(char **), m_first(char **), m_tail(char **), m_spawn(char **), m_respawn(char **), m_pump(char **), m_httpd(char **), m_event(char **),
    m_tailsrv(char **);

/* A child on three pipes, by vfork and exec; `keep` gets our ends. */
pid_t spawn3(char *const av[], int keep[3]);
#endif
