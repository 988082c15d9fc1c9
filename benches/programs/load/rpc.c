/* XML-RPC load: requests over kept or new connections, every reply checked. */
#include "common.h"

/* ---- an HTTP reply, fed piecewise ---- */
struct rep {
    char *b;
    size_t len, cap, hdr, pos; /* pos: parse position for chunked */
    long long clen;            /* -1 unknown */
    int chunked, status, willclose;
    char *body; /* dechunked body (chunked only) */
    size_t blen, bcap;
};
static void rep_reset(struct rep *r) {
    r->len = r->hdr = r->pos = 0;
    r->clen = -1;
    r->chunked = r->status = r->willclose = 0;
    r->blen = 0;
}
static char *rep_body(struct rep *r, size_t *n) {
    if (r->chunked) {
        *n = r->blen;
        return r->body;
    }
    *n = r->len - r->hdr;
    return r->b + r->hdr;
}
static int rep_head(struct rep *r) {
    r->b[r->len] = 0;
    char *e = strstr(r->b, "\r\n\r\n");
    if (!e) return 0;
    r->hdr = e + 4 - r->b;
    r->pos = r->hdr;
    if (sscanf(r->b, "HTTP/%*s %d", &r->status) != 1) return -1;
    char save = r->b[r->hdr - 1];
    r->b[r->hdr - 1] = 0;
    char *p;
    if ((p = strcasestr(r->b, "\nContent-Length:"))) r->clen = atoll(p + 16);
    if ((p = strcasestr(r->b, "\nTransfer-Encoding:")) && !strncasecmp(p + 19, " chunked", 8)) r->chunked = 1;
    if ((p = strcasestr(r->b, "\nConnection:")) && !strncasecmp(p + 12, " close", 6)) r->willclose = 1;
    r->b[r->hdr - 1] = save;
    return 1;
}
/* 1 complete, 0 need more, -1 bad */
static int rep_done(struct rep *r, int eof) {
    if (!r->hdr) {
        int h = rep_head(r);
        if (h <= 0) return h;
    }
    if (r->chunked) {
        for (;;) {
            r->b[r->len] = 0;
            char *s = r->b + r->pos, *nl = memchr(s, '\n', r->len - r->pos);
            if (!nl) return 0;
            size_t n = strtoul(s, 0, 16);
            size_t start = nl + 1 - r->b;
            if (r->len < start + n + 2) return 0;
            if (r->blen + n + 1 > r->bcap) r->body = realloc(r->body, r->bcap = 2 * (r->blen + n + 1));
            memcpy(r->body + r->blen, r->b + start, n);
            r->blen += n;
            r->pos = start + n + 2;
            if (!n) return 1;
        }
    }
    if (r->clen >= 0) return r->len - r->hdr >= (size_t)r->clen;
    return eof ? 1 : 0;
}
static ssize_t rep_read(struct rep *r, int fd) {
    if (r->cap - r->len < 65537) r->b = realloc(r->b, r->cap = 2 * r->cap + 262144);
    ssize_t n = read(fd, r->b + r->len, r->cap - r->len - 1);
    if (n > 0) r->len += n;
    return n;
}
static int check(struct rep *r, const char *expect, long count, int full) {
    size_t n;
    char *b = rep_body(r, &n);
    if (r->status != 200 || n < 40) return 0;
    char *m = memmem(b, n < 200 ? n : 200, "<methodResponse>", 16);
    if (!m || memmem(b, n < 200 ? n : 200, "<fault>", 7)) return 0;
    if (!full) return 1;
    if (!memmem(b, n, "</methodResponse>", 17)) return 0;
    long c = 0;
    size_t el = strlen(expect);
    for (char *p = b; (p = memmem(p, b + n - p, expect, el)); p += el) c++;
    return count < 0 ? c > 0 : c == count;
}

struct conn {
    int fd;
    u64 t0, reqs;
    size_t sent;
    struct rep r;
};
static char *mkreq(const char *bodyf, int keep, size_t *n) {
    size_t bl;
    char *b = slurp(bodyf, &bl), *q = malloc(bl + 512);
    int h = sprintf(q, "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nAccept: text/xml\r\n"
                       "User-Agent: perf\r\n%sContent-Length: %zu\r\n\r\n",
                    keep ? "" : "Connection: close\r\n", bl);
    memcpy(q + h, b, bl);
    *n = h + bl;
    return q;
}
static int start_req(struct conn *c, const char *sock, const char *q, size_t ql, int ep) {
    if (c->fd < 0) {
        c->t0 = now();
        c->fd = usock(sock);
        if (c->fd < 0) return -1;
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {EPOLLIN | EPOLLRDHUP, {.ptr = c}};
        epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    } else
        c->t0 = now();
    rep_reset(&c->r);
    ssize_t w = send(c->fd, q, ql, MSG_NOSIGNAL); /* small: fits the socket buffer */
    return w == (ssize_t)ql ? 0 : -1;
}
int m_rpc(char **v) {
    const char *sock = v[2];
    int nc = atoi(v[4]), keep = atoi(v[5]);
    double secs = atof(v[6]);
    const char *expect = v[7];
    long count = atol(v[8]);
    size_t ql;
    char *q = mkreq(v[3], keep, &ql);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct conn *cs = calloc(nc, sizeof *cs);
    size_t cap = 1 << 20, nl = 0;
    u64 *lat = malloc(cap * 8), bytes = 0, bad = 0, errs = 0, recon = 0;
    u64 t0 = now(), end = t0 + (u64)(secs * 1e9);
    int live = 0;
    for (int i = 0; i < nc; i++) {
        cs[i].fd = -1;
        if (start_req(&cs[i], sock, q, ql, ep)) die("connect");
        live++;
    }
    struct epoll_event ev[64];
    char firstbad[160] = "";
    while (live) {
        int n = epoll_wait(ep, ev, 64, 10000);
        if (n == 0) { errs += live; break; } /* 10 s without a reply */
        for (int i = 0; i < n; i++) {
            struct conn *c = ev[i].data.ptr;
            ssize_t r;
            int done = 0, eof = 0;
            for (;;) {
                r = rep_read(&c->r, c->fd);
                if (r <= 0) break;
                if ((done = rep_done(&c->r, 0))) break;
            }
            if (!done && (r == 0 || (r < 0 && errno != EAGAIN))) {
                eof = 1;
                done = rep_done(&c->r, 1);
                if (!done) done = -1;
            }
            if (!done) continue;
            u64 t = now();
            if (done > 0) {
                int full = c->reqs % 64 == 0;
                if (!check(&c->r, expect, count, full)) {
                    size_t bn;
                    char *b = rep_body(&c->r, &bn);
                    if (!bad) {
                        snprintf(firstbad, sizeof firstbad, "%d:%.*s", c->r.status, (int)(bn < 120 ? bn : 120), b ? b : "");
                        for (char *p = firstbad; *p; p++) if (*p < 32 || *p == '"' || *p == '\\') *p = ' ';
                    }
                    bad++;
                }
                c->reqs++;
                if (nl == cap) lat = realloc(lat, (cap *= 2) * 8);
                lat[nl++] = t - c->t0;
                bytes += c->r.len;
            } else
                errs++;
            if (!keep || eof || done < 0 || c->r.willclose) {
                if (keep && done > 0) recon++;
                close(c->fd);
                c->fd = -1;
            }
            if (t >= end || errs > 100 || bad > 100) {
                if (c->fd >= 0) close(c->fd);
                live--;
            } else if (start_req(c, sock, q, ql, ep)) {
                /* a server that closed an idle kept connection: try once afresh */
                if (c->fd >= 0) close(c->fd);
                c->fd = -1;
                recon++;
                if (start_req(c, sock, q, ql, ep)) { errs++; live--; }
            }
        }
    }
    u64 t = now() - t0;
    qsort(lat, nl, 8, cmp64);
    printf("{\"reqs\": %zu, \"secs\": %.6f, \"bad\": %llu, \"errors\": %llu, \"reconnects\": %llu, \"bytes\": %llu, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, \"client_cpu\": %.6f, \"firstbad\": \"%s\"}\n",
           nl, t / 1e9, (unsigned long long)bad, (unsigned long long)errs, (unsigned long long)recon,
           (unsigned long long)bytes, nl ? lat[nl / 2] / 1e3 : 0, nl ? lat[nl * 99 / 100] / 1e3 : 0,
           nl ? lat[nl - 1] / 1e3 : 0, cpu() / 1e9, firstbad);
    return 0;
}
int m_one(char **v) {
    size_t ql, n;
    char *q = mkreq(v[3], 0, &ql);
    int fd = usock(v[2]);
    if (fd < 0) return 1;
    struct rep r = {0};
    rep_reset(&r);
    if (send(fd, q, ql, MSG_NOSIGNAL) != (ssize_t)ql) return 1;
    for (;;) {
        ssize_t k = rep_read(&r, fd);
        if (k > 0 && rep_done(&r, 0) > 0) break;
        if (k <= 0) { if (rep_done(&r, 1) <= 0) return 1; break; }
    }
    char *b = rep_body(&r, &n);
    return fwrite(b, 1, n, stdout) != n || r.status != 200;
}

/* How long a daemon takes from its exec to its first good answer. */
int m_first(char **v) {
    size_t ql, n;
    char *q = mkreq(v[3], 0, &ql);
    u64 t0 = now(), t = 0;
    pid_t p = vfork();
    if (p == 0) {
        setsid();
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        execv(v[5], v + 5);
        _exit(127);
    }
    if (p < 0) die("vfork");
    while (!t && now() - t0 < 30000000000ull && waitpid(p, 0, WNOHANG) == 0) {
        int fd = usock(v[2]), good = 0;
        if (fd >= 0 && send(fd, q, ql, MSG_NOSIGNAL) == (ssize_t)ql) {
            struct rep r = {0};
            rep_reset(&r);
            while (rep_read(&r, fd) > 0 && !good)
                if (rep_done(&r, 0) > 0) {
                    char *b = rep_body(&r, &n);
                    good = r.status == 200 && memmem(b, n, v[4], strlen(v[4]));
                    break;
                }
            free(r.b);
        }
        if (good) t = now();
        if (fd >= 0) close(fd);
        if (!good) usleep(100);
    }
    kill(p, SIGTERM);
    waitpid(p, 0, 0);
    if (!t) die("no answer");
    printf("{\"secs\": %.6f}\n", (t - t0) / 1e9);
    return 0;
}
