/* Clients that follow a log over HTTP. */
#include "common.h"

struct tc {
    int fd, hdr, chunked, ended;
    char h[2048];
    size_t hl;
    size_t left;   /* bytes left in this chunk */
    int st;        /* 0 size line, 1 data, 2 crlf */
    char sz[32];
    int szl;
    u64 got, doneat;
    char line[64];
    int ll;
};
static u64 *tl;
static size_t tln, tlc;
static void t_payload(struct tc *c, const char *p, size_t n, int lat, u64 t) {
    c->got += n;
    if (!lat) return;
    while (n) {
        const char *nl = memchr(p, '\n', n);
        size_t k = nl ? (size_t)(nl - p) : n;
        for (size_t i = 0; i < k && c->ll < 63; i++) c->line[c->ll++] = p[i];
        if (!nl) break;
        c->line[c->ll] = 0;
        unsigned long long ts;
        if (sscanf(c->line, "T %llu", &ts) == 1) {
            if (tln == tlc) tl = realloc(tl, (tlc = tlc * 2 + 4096) * 8);
            tl[tln++] = t - ts;
        }
        c->ll = 0;
        n -= k + 1;
        p = nl + 1;
    }
}
static void t_feed(struct tc *c, char *p, size_t n, int lat, u64 t) {
    if (!c->hdr) {
        while (n && !c->hdr) {
            if (c->hl < sizeof c->h - 1) c->h[c->hl++] = *p;
            p++, n--;
            if (c->hl >= 4 && !memcmp(c->h + c->hl - 4, "\r\n\r\n", 4)) c->hdr = 1;
        }
        if (!c->hdr) return;
        c->h[c->hl] = 0;
        char *x = strcasestr(c->h, "\nTransfer-Encoding:");
        c->chunked = x && !strncasecmp(x + 19, " chunked", 8);
        if (strncmp(c->h + 8, " 200", 4)) c->ended = 1;
    }
    if (!c->chunked) {
        t_payload(c, p, n, lat, t);
        return;
    }
    while (n) {
        if (c->st == 1) {
            size_t k = n < c->left ? n : c->left;
            t_payload(c, p, k, lat, t);
            p += k, n -= k, c->left -= k;
            if (!c->left) c->st = 2;
        } else if (c->st == 2) {
            if (*p == '\n') c->st = 0, c->szl = 0;
            p++, n--;
        } else {
            if (*p == '\n') {
                c->sz[c->szl] = 0;
                c->left = strtoul(c->sz, 0, 16);
                c->st = c->left ? 1 : 2;
                if (!c->left) c->ended = 1;
            } else if (c->szl < 30)
                c->sz[c->szl++] = *p;
            p++, n--;
        }
    }
}
int m_tail(char **v) {
    const char *sock = v[2], *path = v[3], *go = v[7];
    int nc = atoi(v[4]), lat = atoi(v[8]);
    u64 want = strtoull(v[5], 0, 10);
    double to = atof(v[6]);
    char q[512];
    int ql = snprintf(q, sizeof q, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\r\n", path);
    struct tc *cs = calloc(nc, sizeof *cs);
    struct pollfd *pf = calloc(nc, sizeof *pf);
    for (int i = 0; i < nc; i++) {
        cs[i].fd = usock(sock);
        if (cs[i].fd < 0) die("connect");
        if (send(cs[i].fd, q, ql, MSG_NOSIGNAL) != ql) die("send");
        fcntl(cs[i].fd, F_SETFL, O_NONBLOCK);
        pf[i] = (struct pollfd){cs[i].fd, POLLIN, 0};
    }
    static char b[1 << 18];
    u64 t0 = now(), gone = 0, wentat = 0, grace = 1500000000ull, endat = t0 + (u64)(to * 1e9), last = t0;
    int done = 0, ended = 0;
    while (done + ended < nc && now() < endat) {
        int heads = 0;
        for (int i = 0; i < nc; i++) heads += cs[i].hdr;
        /* all attached: every header seen (or the grace time over, for a server that
         * sends its header with the first data) plus 300 ms */
        if (!gone && (heads == nc || now() - t0 > grace)) {
            usleep(300000);
            wentat = now();
            int f = open(go, O_CREAT | O_WRONLY, 0644);
            if (f >= 0) close(f);
            gone = 1;
        }
        if (poll(pf, nc, gone ? 200 : 20) <= 0) continue;
        u64 t = now();
        for (int i = 0; i < nc; i++) {
            if (!pf[i].revents) continue;
            struct tc *c = &cs[i];
            ssize_t r = read(c->fd, b, sizeof b);
            if (r > 0) {
                u64 before = c->got;
                t_feed(c, b, r, lat, t);
                if (before < want && c->got >= want) { done++; c->doneat = last = t; }
                if (c->got >= want || c->ended) pf[i].fd = -1;
                if (c->ended && c->got < want) ended++;
            } else if (r == 0 || errno != EAGAIN) {
                pf[i].fd = -1;
                if (c->got < want) ended++;
            }
        }
    }
    u64 sum = 0, mn = ~0ull;
    for (int i = 0; i < nc; i++) { sum += cs[i].got; if (cs[i].got < mn) mn = cs[i].got; }
    qsort(tl, tln, 8, cmp64);
    cs[0].h[cs[0].hl < 15 ? cs[0].hl : 15] = 0;
    for (char *p = cs[0].h; *p; p++) if (*p < 32 || *p == '"') *p = ' ';
    printf("{\"done\": %d, \"ended\": %d, \"bytes\": %llu, \"min_bytes\": %llu, \"go_ns\": %llu, \"last_ns\": %llu, "
           "\"lat_n\": %zu, \"lat_p50_us\": %.1f, \"lat_p99_us\": %.1f, \"client_cpu\": %.6f, \"head\": \"%s\"}\n",
           done, ended, (unsigned long long)sum, (unsigned long long)mn, (unsigned long long)wentat,
           (unsigned long long)last, tln, tln ? tl[tln / 2] / 1e3 : 0, tln ? tl[tln * 99 / 100] / 1e3 : 0, cpu() / 1e9, cs[0].h);
    return 0;
}
