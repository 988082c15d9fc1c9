"""Memory, and what a daemon with nothing to do does."""
import os
import time

from context import idle_programs
from processes import NS, ctxt, mono, smaps
from supervised import Daemon


def rss_idle(x):
    for n in (0, 100) if x.quick else (0, 1, 100, 1000):
        for c in x.cands:
            def go():
                with Daemon(x, c, idle_programs(n)) as d:
                    d.up(n)
                    time.sleep(1.5)  # whoever tidies up after the start has done it by then
                    s = [smaps(p) for p in [d.pid] + d.helpers]
                    for k, name in (("Rss", "rss"), ("Pss", "pss"), ("Private_Dirty", "private_dirty")):
                        x.R.add("rss_idle", f"{name} n={n}", c, sum(i[k] for i in s) / 1024, "MiB")
                    x.R.add("rss_idle", f"threads n={n}", c, sum(len(os.listdir(f"/proc/{p}/task")) for p in [d.pid] + d.helpers), "")
            x.guard("rss_idle", f"rss n={n}", c, go)


def idle_cpu(x):
    secs, n = (4, 20) if x.quick else (20, 1000)
    ds = {}
    try:
        for c in x.cands:
            d = Daemon(x, c, idle_programs(n))
            ds[c] = d
            if not x.guard("idle_cpu", f"cpu n={n}", c, lambda: d.up(n)):
                ds.pop(c).close()
        time.sleep(2)
        a = {c: (mono(), d.cpu(), [ctxt(p) for p in [d.pid] + d.helpers]) for c, d in ds.items()}
        time.sleep(secs)
        for c, d in ds.items():
            t0, c0, s0 = a[c]
            s1, c1, t1 = [ctxt(p) for p in [d.pid] + d.helpers], d.cpu(), mono()
            w = (t1 - t0) / NS
            x.R.add("idle_cpu", f"cpu n={n}", c, (c1 - c0) / 1e6 / w, "ms/s")
            x.R.add("idle_cpu", f"wakeups n={n}", c, (sum(i[0] for i in s1) - sum(i[0] for i in s0)) / w, "/s")
    finally:
        for d in ds.values():
            d.close()
