"""From exec to running children, and to their end."""
import shutil

from context import idle_groups, idle_programs, rpc_body
from processes import NS, stamps
from results import NA
from supervised import Daemon


def _startup_one(x, c, n, ss, groups, shut):
    b = "startup"
    kind = f"n={n}{' groups' if groups else ''} startsecs={ss}"
    d = Daemon(x, c, (idle_groups if groups else idle_programs)(n, ss))
    with d:
        # the log files exist beforehand: making thousands of files soon after others were
        # deleted costs ext4 about 1 ms each, which would drown what is measured
        for i in range(n + 1):
            for e in ("log", "err"):
                open(f"{d.dir}/{'g' if groups else 'p_'}{i:04d}.{e}", "w").close()
        d.start()
        d.wait_stamps(n)
        cpu = d.cpu()
        s = [t for k, _, t, _ in stamps(d.stamp) if k == "S"]
        x.R.add(b, f"first child {kind}", c, (min(s) - d.t0) / NS, "s")
        x.R.add(b, f"all spawned {kind}", c, (max(s) - d.t0) / NS, "s")
        x.R.add(b, f"spawn phase {kind}", c, (max(s) - min(s)) / NS, "s")
        x.R.add(b, f"cpu to spawned {kind}", c, cpu / NS, "s")
        d.wait_rpc()
        t = d.wait_running(n, gap=0.02 if n <= 100 else 0.1)
        x.R.add(b, f"all RUNNING {kind}", c, (t - d.t0) / NS, "s")
        d.settle_pid()
        if shut:
            def stop():
                w, cp = d.terminate()
                x.R.add("shutdown", f"wall n={n}{' groups' if groups else ''}", c, w, "s")
                x.R.add("shutdown", f"cpu n={n}{' groups' if groups else ''}", c, cp, "s")
            x.guard("shutdown", f"wall n={n}{' groups' if groups else ''}", c, stop)


def startup(x):
    rounds = x.rounds or (1 if x.quick else 2)
    for r in range(rounds + (not x.quick)):
        for c in x.order(r):
            def rpc():
                with Daemon(x, c, idle_programs(10)) as d:
                    j = x.tool("first", d.sock, rpc_body(x, "supervisor.getState"), "<string>RUNNING</string>", *d.command())
                    x.R.add("startup", "exec to first getState reply", c, j["secs"], "s")
            x.guard("startup", "exec to first getState reply", c, rpc)
    cases = [(100, 0, 1)] if x.quick else \
            [(10, 0, 0), (10, 1, 0), (100, 0, 0), (100, 1, 0), (100, 0, 1), (1000, 0, 0), (1000, 1, 0)]
    for n, ss, g in cases:
        k = f"n={n}{' groups' if g else ''} startsecs={ss}"
        # a thousand children are dear: fewer rounds, and one with startsecs=1
        for r in range(rounds if n < 1000 else 1 if ss else max(1, rounds - 1)):
            for c in x.order(r):
                x.guard("startup", f"all spawned {k}", c, lambda: _startup_one(x, c, n, ss, g, ss == 0))
            def lim(mode, who):
                s = x.scratch()
                for i in range(n):
                    for e in (0, 1):
                        open(f"{s}/st.{i}.{e}", "w").close()
                j = x.tool(mode, n, x.child, s + "/st")
                st = [t for k_, _, t, _ in stamps(s + "/st") if k_ == "S"]
                shutil.rmtree(s)
                if len(st) != n:
                    raise NA(f"limit spawned {len(st)}")
                x.R.add("startup", f"all spawned {k}", who, (max(st) - j["t0_ns"]) / NS, "s")
                x.R.add("startup", f"spawn phase {k}", who, (max(st) - min(st)) / NS, "s")
                x.R.add("startup", f"cpu to spawned {k}", who, j["spawn_cpu"], "s")
                if ss == 0 and mode == "spawn":
                    x.R.add("shutdown", f"wall n={n}{' groups' if g else ''}", "limit:kill+waitpid", j["stop_s"], "s")
                    x.R.add("shutdown", f"cpu n={n}{' groups' if g else ''}", "limit:kill+waitpid", j["stop_cpu"], "s")
            for mode, who in (("spawn", "limit:vfork+exec"), ("spawnu", "limit:clone+unshare")):
                x.guard("startup", f"all spawned {k}", who, lambda: lim(mode, who))


def shutdown(x):
    if any(b == "shutdown" for b, _ in x.R.m):
        return  # startup measured it
    for n, g in ((100, 1),) if x.quick else ((100, 1), (1000, 0)):
        for r in range(x.rounds or (1 if x.quick else 2)):
            for c in x.order(r):
                def go():
                    with Daemon(x, c, (idle_groups if g else idle_programs)(n, 0)) as d:
                        d.up(n)
                        w, cp = d.terminate()
                        x.R.add("shutdown", f"wall n={n}{' groups' if g else ''}", c, w, "s")
                        x.R.add("shutdown", f"cpu n={n}{' groups' if g else ''}", c, cp, "s")
                x.guard("shutdown", f"wall n={n}{' groups' if g else ''}", c, go)
