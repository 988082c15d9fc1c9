"""How cost grows with the number of programs. Not part of `all`: ask for it by name.

Without log files, since five descriptors a program would be more than many machines allow; the reference stops at 1,000 programs.
"""
import time

from context import idle_programs, rpc_body
from processes import NS, ctxt, mono, smaps
from results import NA
from supervised import Daemon


def growth(x):
    bench = "growth"
    body = {name: rpc_body(x, f"supervisor.{name}") for name in ("getState", "getAllProcessInfo")}
    for n in (1, 100, 1000, 5000):
        for c in x.cands:
            def go():
                with Daemon(x, c, idle_programs(n, logs=False)) as d:
                    d.start()
                    d.wait_stamps(n, timeout=60 + n / 25)
                    x.R.add(bench, f"cpu to start n={n}", c, d.cpu() / 1e3 / n, "us/program")
                    d.wait_rpc()
                    d.wait_running(n, timeout=60 + n / 25)
                    time.sleep(2)
                    x.R.add(bench, f"resident n={n}", c, smaps(d.pid)["Rss"] / 1024, "MiB")
                    before, began = (d.cpu(), ctxt(d.pid)[0]), mono()
                    time.sleep(5)
                    seconds = (mono() - began) / NS
                    x.R.add(bench, f"idle cpu n={n}", c, (d.cpu() - before[0]) / 1e6 / seconds, "ms/s")
                    x.R.add(bench, f"idle wakeups n={n}", c, (ctxt(d.pid)[0] - before[1]) / seconds, "/s")
                    for name, count in (("getState", 1), ("getAllProcessInfo", n)):
                        cpu = d.cpu()
                        j = x.tool("rpc", d.sock, body[name], 1, 1, 1.5, "<name>statename</name>", count)
                        if j["bad"] or not j["reqs"]:
                            raise NA(f"{name}: {j['bad']} bad of {j['reqs']}")
                        x.R.add(bench, f"{name} n={n}", c, (d.cpu() - cpu) / 1e3 / j["reqs"], "us")
                    wall, cpu = d.terminate(timeout=120)
                    x.R.add(bench, f"stop wall n={n}", c, wall, "s")
            if n > 1000 and c == next(iter(x.cands)) and len(x.cands) > 1:
                continue
            x.guard(bench, f"cpu to start n={n}", c, go)
