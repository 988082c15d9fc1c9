"""XML-RPC calls, every reply parsed, beside the smallest possible HTTP server."""
import shlex
import subprocess
import time

from context import idle_programs, rpc_body
from processes import cpu_ns
from results import NA
from supervised import HELPERS, Daemon


def rpc_throughput(x):
    B = "rpc_throughput"
    secs = 0.3 if x.quick else 1.0
    rounds = x.rounds or (1 if x.quick else 2)
    gs, ga = rpc_body(x, "supervisor.getState"), rpc_body(x, "supervisor.getAllProcessInfo")
    for n in (100,) if x.quick else (100, 1000):
        cells = [(m, k, keep) for m in ("getState", "getAllProcessInfo") for k in (1, 16) for keep in (0, 1)]
        ds, lims = {}, {}
        try:
            for c in x.cands:
                d = Daemon(x, c, idle_programs(n))
                ds[c] = d
                def up():
                    d.up(n)
                    info = d.call("supervisor.getAllProcessInfo")  # a full client must parse it
                    if len(info) != n or any(i["state"] != 20 or not i["pid"] or not i["name"] for i in info):
                        raise NA("getAllProcessInfo: wrong content")
                    return True
                if not x.guard(B, f"req/s getState n={n} conns=1 new", c, up):
                    ds.pop(c).close()
            for mode in ("canned", "render"):
                for kind in ("state", "all"):
                    s = f"{x.tmp}/h{mode[0]}{kind[0]}{n}"
                    p = subprocess.Popen([x.load, "httpd", s, mode, kind, str(n)])
                    HELPERS.append(p)
                    lims[(mode, kind)] = (s, p)
            for mode, cmd in x.http_limits.items():  # e.g. a raw hyper server with a canned body
                for kind, body in (("state", gs), ("all", ga)):
                    s, f = f"{x.tmp}/h{mode}{kind[0]}{n}", f"{x.tmp}/reply-{kind}{n}"
                    if ds:
                        with open(f, "wb") as h:
                            h.write(subprocess.run([x.load, "one", next(iter(ds.values())).sock, body], capture_output=True).stdout)
                        p = subprocess.Popen([a.replace("{sock}", s).replace("{body}", f) for a in shlex.split(cmd)])
                        HELPERS.append(p)
                        lims[(mode, kind)] = (s, p)
            modes = sorted({m for m, _ in lims})
            time.sleep(0.3)
            for r in range(rounds):
                for m, k, keep in cells:
                    name = f"{m} n={n} conns={k} {'keep' if keep else 'new'}"
                    body, exp, cnt = (gs, "<name>statename</name>", 1) if m == "getState" else (ga, "<name>statename</name>", n)

                    def one(who, sock, cpu, t):
                        c0 = cpu()
                        j = x.tool("rpc", sock, body, k, keep, t, exp, cnt)
                        c1 = cpu()
                        if j["bad"] or not j["reqs"] or j["errors"]:
                            raise NA(f"{j['bad']} bad, {j['errors']} failed of {j['reqs']}: {j['firstbad']}")
                        x.R.add(B, "req/s " + name, who, j["reqs"] / j["secs"], "/s", "higher")
                        x.R.add(B, "p50 " + name, who, j["p50_us"], "us")
                        x.R.add(B, "p99 " + name, who, j["p99_us"], "us")
                        x.R.add(B, "cpu/req " + name, who, (c1 - c0) / 1e3 / j["reqs"], "us")
                        if keep and j["reconnects"] > j["reqs"] / 2:
                            x.notes.append(f"{who}: {name}: closes the connection after each reply")
                    for c in x.order(r):
                        if c in ds:
                            x.guard(B, "req/s " + name, c, lambda: one(c, ds[c].sock, ds[c].cpu, secs))
                    if r == 0 or n == 100:
                        for mode in modes:
                            s, p = lims[(mode, "state" if m == "getState" else "all")]
                            who = "limit:" + ("" if mode in x.http_limits else "epoll-") + mode
                            x.guard(B, "req/s " + name, who, lambda: one(who, s, lambda: cpu_ns(p.pid), secs / 2))
        finally:
            for d in ds.values():
                d.close()
            for s, p in lims.values():
                p.terminate()
                p.wait()
                HELPERS.remove(p)
