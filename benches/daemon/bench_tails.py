"""Many clients following one log."""
import shutil
import subprocess
import time

from processes import NS, cpu_ns, stamps
from results import NA
from supervised import HELPERS, Daemon


def tail_fanout(x):
    B, k = "tail_fanout", 10 if x.quick else 50
    total = 500_000 if x.quick else 2_000_000  # per client
    rate, lsecs = 100, 2 if x.quick else 4
    lbytes = rate * lsecs * 100
    for r in range(x.rounds or (1 if x.quick else 2)):
        for c in x.order(r):
            for kind, nb, rt in (("bulk", total, ""), ("paced", lbytes, rate)):
                def go():
                    sec = (f"[program:w]\ncommand={{child}} spew {nb} 100 4096 {{stamp}} {{dir}}/go {rt}\nautorestart=false\nstartsecs=0\n"
                           "stdout_logfile={dir}/w.log\nstdout_logfile_maxbytes=0\nstderr_logfile=NONE\n")
                    with Daemon(x, c, sec) as d:
                        d.start()
                        d.wait_rpc()
                        d.wait_running(1)
                        d.settle_pid()
                        c0 = d.cpu()
                        j = x.tool("tail", d.sock, "/logtail/w/stdout", k, nb, 30, d.dir + "/go", int(bool(rt)))
                        c1 = d.cpu()
                        if j["done"] != k:
                            raise NA(f"{j['done']} of {k} clients got all; {j['ended']} ended; {j['min_bytes']} of {nb}; {j['head']}")
                        if rt:
                            x.R.add(B, f"{k} clients paced: write to client p50", c, j["lat_p50_us"] / 1e3, "ms")
                            x.R.add(B, f"{k} clients paced: write to client p99", c, j["lat_p99_us"] / 1e3, "ms")
                            x.R.add(B, f"{k} clients paced {rate} lines/s: daemon cpu", c, (c1 - c0) / 1e6 / lsecs, "ms/s")
                        else:
                            tb = min(t for q, _, t, _ in stamps(d.stamp) if q == "B")
                            x.R.add(B, f"{k} clients bulk", c, j["bytes"] / 1e6 / ((j["last_ns"] - tb) / NS), "MB/s", "higher")
                            x.R.add(B, f"{k} clients bulk daemon cpu", c, (c1 - c0) / NS / (j["bytes"] / 1e9), "s/GB")
                x.guard(B, f"{k} clients bulk" if kind == "bulk" else f"{k} clients paced: write to client p50", c, go)
        for kind, nb, rt in (("bulk", total, ""), ("paced", lbytes, rate)):
            def lim():
                s = x.scratch()
                f = open(s + "/w.log", "wb")
                w = subprocess.Popen([x.child, "spew", str(nb), "100", "4096", s + "/st", s + "/go"] + ([str(rt)] if rt else []), stdout=f)
                HELPERS.append(w)
                p = subprocess.Popen([x.load, "tailsrv", s + "/s", s + "/w.log"])
                HELPERS.append(p)
                try:
                    time.sleep(0.2)
                    c0 = cpu_ns(p.pid)
                    j = x.tool("tail", s + "/s", "/", k, nb, 30, s + "/go", int(bool(rt)))
                    c1 = cpu_ns(p.pid)
                    if j["done"] != k:
                        raise NA(f"limit: {j}")
                    if rt:
                        x.R.add(B, f"{k} clients paced: write to client p50", "limit:inotify+sendfile", j["lat_p50_us"] / 1e3, "ms")
                        x.R.add(B, f"{k} clients paced: write to client p99", "limit:inotify+sendfile", j["lat_p99_us"] / 1e3, "ms")
                        x.R.add(B, f"{k} clients paced {rate} lines/s: daemon cpu", "limit:inotify+sendfile", (c1 - c0) / 1e6 / lsecs, "ms/s")
                    else:
                        tb = min(t for q, _, t, _ in stamps(s + "/st") if q == "B")
                        x.R.add(B, f"{k} clients bulk", "limit:inotify+sendfile", j["bytes"] / 1e6 / ((j["last_ns"] - tb) / NS), "MB/s", "higher")
                        x.R.add(B, f"{k} clients bulk daemon cpu", "limit:inotify+sendfile", (c1 - c0) / NS / (j["bytes"] / 1e9), "s/GB")
                finally:
                    for q in (p, w):
                        q.kill()
                        q.wait()
                        HELPERS.remove(q)
                    shutil.rmtree(s)
            x.guard(B, f"{k} clients {kind}", "limit:inotify+sendfile", lim)
