/* The limit of starting, stopping and restarting children. */
#include "common.h"

pid_t spawn3(char *const av[], int keep[3]) {
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) die("pipe");
    pid_t p = vfork();
    if (p == 0) {
        setpgid(0, 0);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        execv(av[0], av);
        _exit(127);
    }
    if (p < 0) die("vfork");
    close(in[0]);
    close(out[1]);
    close(err[1]);
    keep[0] = in[1];
    keep[1] = out[0];
    keep[2] = err[0];
    return p;
}
/* The same without copying the parent's file table: vfork+exec copies and then closes
 * every descriptor of the parent, so N children cost O(N^2). Here the child shares the
 * table (CLONE_FILES) and unshares only descriptors 0..5 with close_range; the parent
 * parks the child's three pipe ends in 3..5. */
static int kidfn(void *p) {
    char *const *av = p;
    if (syscall(SYS_close_range, 6, ~0u, 2 /* CLOSE_RANGE_UNSHARE */)) _exit(126);
    setpgid(0, 0);
    dup2(3, 0);
    dup2(4, 1);
    dup2(5, 2);
    execv(av[0], av);
    _exit(127);
}
static pid_t spawnu(char *const av[], int keep[3]) {
    static char stack[65536] __attribute__((aligned(16)));
    static int null = -1;
    if (null < 0) {
        null = fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, 6);
        for (int i = 3; i < 6; i++) dup3(null, i, O_CLOEXEC);
    }
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) die("pipe");
    dup3(in[0], 3, O_CLOEXEC);
    dup3(out[1], 4, O_CLOEXEC);
    dup3(err[1], 5, O_CLOEXEC);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    pid_t p = clone(kidfn, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, (void *)av);
    if (p < 0) die("clone");
    for (int i = 3; i < 6; i++) dup3(null, i, O_CLOEXEC);
    keep[0] = in[1];
    keep[1] = out[0];
    keep[2] = err[0];
    return p;
}
int m_spawn(char **v) {
    int n = atoi(v[2]), u = !strcmp(v[1], "spawnu");
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);
    char *av[] = {v[3], "idle", v[4], 0};
    pid_t *p = calloc(n, sizeof *p);
    int(*k)[3] = calloc(n, sizeof *k), (*lg)[2] = calloc(n, sizeof *lg);
    if (u) /* park 3..5 before anything else takes them */
        for (int i = 0; i < 6; i++) open("/dev/null", O_RDWR | O_CLOEXEC);
    u64 t0 = now(), c0 = cpu();
    for (int i = 0; i < n; i++) {
        char f[600];
        for (int j = 0; j < 2; j++) { /* the log files a supervisor opens */
            snprintf(f, sizeof f, "%s.%d.%d", v[4], i, j);
            lg[i][j] = open(f, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        }
        p[i] = u ? spawnu(av, k[i]) : spawn3(av, k[i]);
    }
    u64 t1 = now(), c1 = cpu();
    /* all stamped? */
    struct stat s;
    for (int i = 0; i < 10000; i++) {
        size_t m;
        if (!stat(v[4], &s)) {
            char *b = slurp(v[4], &m);
            int lines = 0;
            for (size_t j = 0; j < m; j++) lines += b[j] == '\n';
            free(b);
            if (lines >= n) break;
        }
        usleep(1000);
    }
    u64 t2 = now(), c2 = cpu();
    for (int i = 0; i < n; i++) kill(p[i], SIGTERM);
    for (int i = 0; i < n; i++) waitpid(p[i], 0, 0);
    u64 t3 = now(), c3 = cpu();
    printf("{\"spawn_s\": %.6f, \"spawn_cpu\": %.6f, \"stop_s\": %.6f, \"stop_cpu\": %.6f, \"t0_ns\": %llu}\n",
           (t1 - t0) / 1e9, (c1 - c0) / 1e9, (t3 - t2) / 1e9, (c3 - c2) / 1e9, (unsigned long long)t0);
    return 0;
}
int m_respawn(char **v) {
    double secs = atof(v[2]);
    char *av[] = {v[3], "exit", v[4], "0", 0};
    u64 t0 = now(), c0 = cpu(), n = 0;
    while (now() - t0 < secs * 1e9) {
        int k[3];
        pid_t p = spawn3(av, k);
        waitpid(p, 0, 0);
        for (int j = 0; j < 3; j++) close(k[j]);
        n++;
    }
    u64 t = now() - t0;
    printf("{\"restarts\": %llu, \"secs\": %.6f, \"cpu\": %.6f}\n", (unsigned long long)n, t / 1e9, (cpu() - c0) / 1e9);
    return 0;
}
