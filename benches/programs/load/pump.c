/* The limit of carrying bytes from children to files. */
#include "common.h"

int m_pump(char **v) {
    const char *mode = v[2];
    int n = atoi(v[3]);
    u64 bytes = strtoull(v[4], 0, 10);
    char st[600], go[600], per[32];
    snprintf(st, sizeof st, "%s/pump.stamp", v[7]);
    snprintf(go, sizeof go, "%s/pump.go", v[7]);
    snprintf(per, sizeof per, "%llu", (unsigned long long)(bytes / n));
    unlink(st);
    unlink(go);
    int direct = !strcmp(mode, "direct"), sp = !strncmp(mode, "splice", 6), big = strstr(mode, "1m") ? 1 << 20 : strstr(mode, "256k") ? 1 << 18 : 0,
        nap = !strncmp(mode, "nap", 3), rot = !strcmp(mode, "rot");
    int *pr = calloc(n, sizeof(int)), *ff = calloc(n, sizeof(int));
    u64 *fs = calloc(n, sizeof(u64));
    pid_t *pids = calloc(n, sizeof *pids);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < n; i++) {
        char f[600];
        snprintf(f, sizeof f, "%s/pump%d.log", v[7], i);
        ff[i] = open(f, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        int p[2];
        if (ff[i] < 0 || pipe2(p, O_CLOEXEC)) die("pump");
        if (big) fcntl(p[1], F_SETPIPE_SZ, big);
        char *av[] = {v[8], "spew", per, v[5], v[6], st, go, 0};
        pids[i] = vfork();
        if (!pids[i]) {
            dup2(direct ? ff[i] : p[1], 1);
            execv(av[0], av);
            _exit(127);
        }
        close(p[1]);
        pr[i] = p[0];
        fcntl(pr[i], F_SETFL, O_NONBLOCK);
        struct epoll_event e = {EPOLLIN, {.u32 = i}};
        epoll_ctl(ep, EPOLL_CTL_ADD, pr[i], &e);
    }
    usleep(20000);
    u64 c0 = cpu();
    close(open(go, O_CREAT | O_WRONLY, 0644));
    u64 got = 0, want = bytes / n / atoi(v[5]) * atoi(v[5]) * n;
    size_t bs = big ? big : 65536;
    char *b = malloc(bs);
    struct epoll_event ev[64];
    while (got < want) {
        if (direct) {
            usleep(1000);
            got = 0;
            struct stat s;
            for (int i = 0; i < n; i++) { fstat(ff[i], &s); got += s.st_size; }
            continue;
        }
        int k = epoll_wait(ep, ev, 64, 5000);
        if (k <= 0) die("stalled");
        for (int j = 0; j < k; j++) {
            int i = ev[j].data.u32;
            ssize_t r;
            if (sp)
                r = splice(pr[i], 0, ff[i], 0, bs, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            else {
                r = read(pr[i], b, bs);
                if (r > 0 && write(ff[i], b, r) != r) die("write");
            }
            if (r > 0) {
                got += r;
                fs[i] += r;
                if (nap && (size_t)r < bs / 4 && got < want) usleep(big == 1 << 20 ? 1000 : 250);
                if (rot && fs[i] >= 50000000) {
                    char f[600], g[600];
                    for (int x = 2; x >= 0; x--) {
                        snprintf(f, sizeof f, x ? "%s/pump%d.log.%d" : "%s/pump%d.log", v[7], i, x);
                        snprintf(g, sizeof g, "%s/pump%d.log.%d", v[7], i, x + 1);
                        rename(f, g);
                    }
                    close(ff[i]);
                    snprintf(f, sizeof f, "%s/pump%d.log", v[7], i);
                    ff[i] = open(f, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
                    fs[i] = 0;
                }
            }
        }
    }
    u64 t1 = now(), c1 = cpu();
    usleep(20000);
    size_t m;
    char *s = slurp(st, &m);
    u64 tb = ~0ull, childcpu = 0;
    for (char *l = strtok(s, "\n"); l; l = strtok(0, "\n")) {
        char tag;
        int pid;
        unsigned long long t, x;
        if (sscanf(l, "%c %d %llu %llu", &tag, &pid, &t, &x) != 4) continue;
        if (tag == 'B' && t < tb) tb = t;
        if (tag == 'F') childcpu += x;
    }
    for (int i = 0; i < n; i++) { kill(pids[i], SIGKILL); waitpid(pids[i], 0, 0); }
    printf("{\"bytes\": %llu, \"secs\": %.6f, \"cpu\": %.6f, \"child_cpu\": %.6f}\n", (unsigned long long)got,
           (t1 - tb) / 1e9, direct ? 0.0 : (c1 - c0) / 1e9, childcpu / 1e9);
    return 0;
}
