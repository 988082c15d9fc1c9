/* The limit of answering calls: the smallest HTTP server on epoll, and of serving a growing file to many. */
#include "common.h"

static volatile int stop;
static void onterm(int s) { (void)s; stop = 1; }
static char *xml;
static size_t xmln, xmlcap;
static void ap(const char *s, size_t n) {
    if (xmln + n > xmlcap) xml = realloc(xml, xmlcap = 2 * (xmln + n) + 65536);
    memcpy(xml + xmln, s, n);
    xmln += n;
}
static void aps(const char *k, const char *val) {
    char b[512];
    ap(b, snprintf(b, sizeof b, "<member>\n<name>%s</name>\n<value><string>%s</string></value>\n</member>\n", k, val));
}
static void api(const char *k, long val) {
    char b[256];
    ap(b, snprintf(b, sizeof b, "<member>\n<name>%s</name>\n<value><int>%ld</int></value>\n</member>\n", k, val));
}
static void render(int all, int n) {
    xmln = 0;
#define A(s) ap(s, sizeof(s) - 1)
    A("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>");
    if (!all) {
        A("<struct>\n");
        api("statecode", 1);
        aps("statename", "RUNNING");
        A("</struct>");
    } else {
        A("<array><data>\n");
        time_t t = time(0);
        for (int i = 0; i < n; i++) {
            char name[64], f[128], d[128];
            snprintf(name, sizeof name, "p_%04d", i);
            snprintf(f, sizeof f, "/tmp/xxxxxxxx/p_%04d.log", i);
            snprintf(d, sizeof d, "pid %d, uptime 0:%02d:%02d", 10000 + i, (int)(t / 60 % 60), (int)(t % 60));
            A("<value><struct>\n");
            aps("name", name);
            aps("group", "p");
            api("start", t - 100);
            api("stop", 0);
            api("now", t);
            api("state", 20);
            aps("statename", "RUNNING");
            aps("spawnerr", "");
            api("exitstatus", 0);
            aps("logfile", f);
            aps("stdout_logfile", f);
            aps("stderr_logfile", f);
            api("pid", 10000 + i);
            aps("description", d);
            A("</struct></value>\n");
        }
        A("</data></array>");
    }
    A("</value>\n</param>\n</params>\n</methodResponse>\n");
}
struct sc {
    int fd, closing;
    char in[4096];
    size_t il;
    char *out;
    size_t ol, os;
};
int m_httpd(char **v) {
    int canned = !strcmp(v[3], "canned"), all = !strcmp(v[4], "all"), n = atoi(v[5]);
    struct sigaction sa = {.sa_handler = onterm};
    sigaction(SIGTERM, &sa, 0);
    int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, v[2]);
    unlink(v[2]);
    if (bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 1024)) die("bind");
    int ep = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {EPOLLIN, {.ptr = 0}}, ev[64];
    epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
    render(all, n);
    while (!stop) {
        int k = epoll_wait(ep, ev, 64, 1000);
        for (int i = 0; i < k; i++) {
            struct sc *c = ev[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(l, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    struct epoll_event x = {EPOLLIN, {.ptr = c}};
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &x);
                }
                continue;
            }
            if (!c->ol) {
                ssize_t r = read(c->fd, c->in + c->il, sizeof c->in - 1 - c->il);
                if (r <= 0) {
                    if (r < 0 && errno == EAGAIN) continue;
                    close(c->fd);
                    free(c->out);
                    free(c);
                    continue;
                }
                c->il += r;
                c->in[c->il] = 0;
                char *h = strstr(c->in, "\r\n\r\n"), *cl = strcasestr(c->in, "\nContent-Length:");
                if (!h || !cl || c->il < (size_t)(h + 4 - c->in) + atoi(cl + 16)) continue;
                c->closing = strcasestr(c->in, "\nConnection: close") != 0;
                c->il = 0;
                if (!canned) render(all, n);
                char hd[200];
                int hn = snprintf(hd, sizeof hd, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n%sContent-Length: %zu\r\n\r\n",
                                  c->closing ? "Connection: close\r\n" : "", xmln);
                c->out = realloc(c->out, hn + xmln);
                memcpy(c->out, hd, hn);
                memcpy(c->out + hn, xml, xmln);
                c->ol = hn + xmln;
                c->os = 0;
            }
            ssize_t w = send(c->fd, c->out + c->os, c->ol - c->os, MSG_NOSIGNAL);
            if (w > 0) c->os += w;
            if (c->os < c->ol && (w > 0 || errno == EAGAIN)) {
                struct epoll_event x = {EPOLLOUT, {.ptr = c}};
                epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &x);
                continue;
            }
            if (c->closing || c->os < c->ol) {
                close(c->fd);
                free(c->out);
                free(c);
                continue;
            }
            c->ol = 0;
            struct epoll_event x = {EPOLLIN, {.ptr = c}};
            epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &x);
        }
    }
    return 0;
}

/* ---- tail server limit ---- */
int m_tailsrv(char **v) {
    struct sigaction sa = {.sa_handler = onterm};
    sigaction(SIGTERM, &sa, 0);
    int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, v[2]);
    unlink(v[2]);
    if (bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 1024)) die("bind");
    int f = open(v[3], O_RDONLY | O_CLOEXEC), in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (f < 0) die("open");
    inotify_add_watch(in, v[3], IN_MODIFY);
    struct pollfd pf[300] = {{l, POLLIN, 0}, {in, POLLIN, 0}};
    off_t off[300];
    int n = 2;
    while (!stop) {
        if (poll(pf, n, 1000) <= 0) continue;
        char b[8192];
        int fd;
        while (read(in, b, sizeof b) > 0) {}
        while (n < 300 && (fd = accept4(l, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
            if (read(fd, b, sizeof b) < 0) {}
            const char *h = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
            if (send(fd, h, strlen(h), MSG_NOSIGNAL) < 0) {}
            pf[n] = (struct pollfd){fd, 0, 0};
            off[n++] = 0;
        }
        struct stat s;
        fstat(f, &s);
        for (int i = 2; i < n; i++) {
            pf[i].events = 0;
            while (off[i] < s.st_size) {
                ssize_t w = sendfile(pf[i].fd, f, &off[i], s.st_size - off[i]);
                if (w <= 0) { if (w < 0 && errno == EAGAIN) pf[i].events = POLLOUT; break; }
            }
        }
    }
    return 0;
}
