/* Load generators and physical limits for the benchmark; each mode prints one JSON line.
 *
 * load generators
 *   rpc  SOCK BODY CONNS KEEP SECS EXPECT COUNT   XML-RPC load; EXPECT must occur
 *        COUNT times in the first reply of each connection (and in every 64th)
 *   one  SOCK BODY                                one request, body to stdout
 *   first SOCK BODY EXPECT CMD ...                start a daemon, ask every 100 us until a reply has EXPECT,
 *        then SIGTERM and wait; from vfork to the reply
 *   tail SOCK PATH CLIENTS BYTES TIMEOUT GO LAT   GET PATH with many clients; makes
 *        file GO when all are attached; LAT=1 parses "T <ns>" lines
 * limits
 *   spawn N CHILD STAMP        3 pipes + vfork/exec each of N children, then
 *                              SIGTERM all and reap
 *   spawnu N CHILD STAMP       the same with clone(CLONE_FILES) + close_range(UNSHARE)
 *   respawn SECS CHILD STAMP   spawn one child that exits at once, wait, again
 *   pump MODE KIDS BYTES LINE CHUNK DIR CHILD    child stdout -> file
 *        MODE direct|rw|rw1m|splice|splice1m|rot|nap256k|nap1m (1m: pipe of 1 MiB;
 *        nap: after a read of under a quarter of the pipe, sleep 250 us (1 ms for
 *        1m) so that the pipe fills: few wakeups)
 *   httpd SOCK canned|render KIND N    smallest epoll HTTP server (SIGTERM ends it)
 *   event SECS CHILD STAT SIZE         ping-pong with a listener child
 *   tailsrv SOCK FILE                  serve a growing file to all (inotify+sendfile)
 */
#include "common.h"

int main(int argc, char **v) {
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) return 2;
    alarm(900);
    struct { const char *n; int args; int (*f)(char **); } t[] = {
        {"rpc", 9, m_rpc}, {"one", 4, m_one}, {"first", 6, m_first}, {"tail", 9, m_tail}, {"spawn", 5, m_spawn}, {"spawnu", 5, m_spawn}, {"respawn", 5, m_respawn},
        {"pump", 9, m_pump}, {"httpd", 6, m_httpd}, {"event", 6, m_event}, {"tailsrv", 4, m_tailsrv}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (!strcmp(v[1], t[i].n) && argc >= t[i].args) return t[i].f(v);
    return 2;
}
