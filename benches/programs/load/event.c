/* The limit of handing events to a listener and waiting for its answer. */
#include "common.h"

int m_event(char **v) {
    double secs = atof(v[2]);
    char *av[] = {v[3], "listener", v[4], 0};
    int sz = atoi(v[5]), k[3];
    pid_t p = spawn3(av, k);
    char *m = malloc(sz + 512), b[256];
    char hd[300];
    memset(m, 'x', sz + 512);
    u64 t0 = now(), c0 = cpu(), n = 0;
    size_t have = 0;
    while (have < 6) { ssize_t r = read(k[1], b, sizeof b); if (r <= 0) die("listener"); have += r; }
    while (now() - t0 < secs * 1e9) {
        int h = snprintf(hd, sizeof hd, "ver:3.0 server:supervisor serial:%llu pool:listener poolserial:%llu eventname:REMOTE_COMMUNICATION len:%d\n",
                         (unsigned long long)n, (unsigned long long)n, sz);
        memcpy(m, hd, h);
        memcpy(m + h, "type:x\n", 7);
        if (write(k[0], m, h + sz) != h + sz) die("write");
        have = 0;
        while (have < 17) { ssize_t r = read(k[1], b, sizeof b); if (r <= 0) die("ack"); have += r; }
        n++;
    }
    u64 t = now() - t0;
    kill(p, SIGKILL);
    waitpid(p, 0, 0);
    printf("{\"events\": %llu, \"secs\": %.6f, \"cpu\": %.6f}\n", (unsigned long long)n, t / 1e9, (cpu() - c0) / 1e9);
    return 0;
}
