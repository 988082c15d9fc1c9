"""Benchmarks for any daemon that understands supervisord's configurations, next to the limits of the machine.

    python3 benches/daemon --candidate reference='VENV/bin/supervisord -n -c {conf}' --candidate ours='target/…/supervisord -n -c {conf}' \\
        --ctl reference='VENV/bin/supervisorctl -c {conf}' --ctl ours='target/…/supervisorctl -c {conf}' [--quick] [--bench a,b] [--json OUT]

`scripts/bench` calls it so. The first candidate is the reference of the ratios. {conf} is the generated configuration, {dir} a scratch
folder. The daemon must stay in the foreground; if the command is a wrapper, the daemon's own pid is learnt from supervisor.getPID.
Needs Python 3.11 and a C compiler. Measurements of all candidates and of the limits alternate (A, B, limit, A, B, limit …); the
tables show medians. Everything runs on unix sockets in --tmp; processes are stopped by pid.
"""
import argparse
import atexit
import json
import os
import platform
import re
import shutil
import signal
import sys
import time

import figures
from bench_calls import rpc_throughput
from bench_ctl import ctl_latency
from bench_events import events
from bench_growth import growth
from bench_life import shutdown, startup
from bench_loaded import binary, loaded_calls
from bench_logs import log_throughput
from bench_restarts import crash_restart
from bench_size import idle_cpu, rss_idle
from bench_tails import tail_fanout
from context import Ctx
from processes import subreaper
from supervised import cleanup

BENCHES = [binary, rss_idle, idle_cpu, startup, shutdown, log_throughput, rpc_throughput, loaded_calls, ctl_latency, crash_restart, events,
           tail_fanout]
# Only when asked for by name.
EXTRA = [growth]


def machine():
    m = {"kernel": platform.release(), "cpus": os.cpu_count(), "python": platform.python_version(), "loadavg": os.getloadavg()}
    try:
        m["mem_gib"] = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except Exception:
        pass
    return m


def pressure():
    """share of time some task waited for a CPU, %, cumulative us (how noisy it was)"""
    try:
        return int(re.search(r"some .*total=(\d+)", open("/proc/pressure/cpu").read())[1])
    except Exception:
        return 0


def main():
    pair = lambda s: tuple(s.split("=", 1)) if "=" in s else ap.error(f"NAME=CMD, not {s!r}")
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--candidate", action="append", type=pair, required=True, metavar="NAME=CMD")
    ap.add_argument("--ctl", action="append", type=pair, default=[], metavar="NAME=CMD", help="a supervisorctl, '... -c {conf}'; the first is run against every daemon")
    ap.add_argument("--http-limit", action="append", type=pair, default=[], metavar="NAME=CMD",
                    help="another raw HTTP server as a limit for rpc_throughput: serves the file {body} on unix socket {sock}")
    ap.add_argument("--bench", default="all", help="comma list of: " + ", ".join(b.__name__ for b in BENCHES + EXTRA))
    ap.add_argument("--quick", action="store_true", help="small sizes, one round (<= 90 s for two)")
    ap.add_argument("--rounds", type=int, default=0, help="rounds per bench (default: each bench's own)")
    ap.add_argument("--json", metavar="OUT")
    ap.add_argument("--tmp", default="/tmp", help="scratch folder (default /tmp)")
    ap.add_argument("--ours", default="ours", help="the candidate that is held to the figures (default: ours, or the last)")
    ap.add_argument("--strict", action="store_true", help="exit with 1 when a row misses its must")
    ap.add_argument("--brief", action="store_true", help="print the figures only, not everything measured")
    ap.add_argument("--keep", action="store_true", help="keep the scratch folders")
    a = ap.parse_args()
    names = {b.__name__: b for b in BENCHES + EXTRA}
    want = [b.__name__ for b in BENCHES] if a.bench == "all" else a.bench.split(",")
    for w in want:
        if w not in names:
            ap.error(f"no bench {w}")
    os.makedirs(a.tmp, exist_ok=True)
    subreaper()
    atexit.register(cleanup)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    x = Ctx(a)
    info, t0, per = machine(), time.monotonic(), {}
    reference = next(iter(x.cands))
    ours = a.ours if a.ours in x.cands else list(x.cands)[-1]

    def judged():
        figures.derive(x.R)
        return figures.verdicts(x.R, ours, reference)

    for w in want:
        t, p0 = time.monotonic(), pressure()
        print(f"  {w} ..", file=sys.stderr, flush=True)
        names[w](x)
        dt = time.monotonic() - t
        per[w] = {"secs": round(dt, 1), "loadavg": os.getloadavg()[0], "cpu_pressure_pct": round((pressure() - p0) / 1e4 / max(dt, 1e-3), 1)}
        print(f"  {w} {per[w]['secs']} s, load {per[w]['loadavg']:.1f}, cpu pressure {per[w]['cpu_pressure_pct']} %", file=sys.stderr, flush=True)
        if a.json:  # after every bench, so that a broken run keeps what it had
            with open(a.json, "w") as f:
                json.dump({"machine": info, "candidates": x.cands, "ctls": x.ctls, "quick": a.quick, "benches": per,
                           "notes": sorted(set(x.notes)), "results": x.R.dump(), "figures": judged()}, f, indent=1)
    if not a.brief:
        print(x.R.table())
        print()
    print(figures.table(judged(), x.R.fmt))
    for n in sorted(set(x.notes)):
        print("note:", n)
    print(f"total {time.monotonic() - t0:.0f} s; {info}")
    print("medians; x vs = how many times better than the first candidate; /limit = how many times worse than the limit")
    print("score: ours / reference, or ours / limit, or ours itself; must and aim are in the same measure")
    if not a.keep:
        shutil.rmtree(x.tmp, ignore_errors=True)
    return 1 if any(r["verdict"] == "MISSED" for r in judged()) and a.strict else 0


if __name__ == "__main__":
    sys.exit(main())
