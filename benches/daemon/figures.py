"""The figures that this supervisord is held to, and how a run did against them.

A row passes when ours divided by the reference, both measured in this run, is at most the goal divided by what the reference needed when
the goal was set. Where a machine's own limit is the yardstick, ours divided by the limit of this run counts; where nothing
may happen at all, the plain number does.
"""
import statistics
from dataclasses import dataclass


@dataclass
class Row:
    label: str
    bench: str
    metric: str  # in the order of preference, separated by "|": a quick run has smaller cases
    unit: str
    reference: float | None  # what the reference needed when the goals were set
    must: float
    aim: float
    limits: str = ""  # "limit": goals are factors of the best limit, or of the one that is named; "plain": absolute numbers


# fmt: off
ROWS = [
    Row("exec to first getState reply", "startup", "exec to first getState reply", "s", 0.16, 0.015, 0.003),
    Row("exec to first child started", "startup", "first child n=10 startsecs=0|first child n=100 groups startsecs=0", "s", 1.16, 0.010, 0.003),
    Row("spawn 1,000: CPU", "startup", "cpu to spawned n=1000 startsecs=0", "s", 2.2, 0.25, 0.08),
    Row("spawn 1,000: wall, x limit", "startup", "all spawned n=1000 startsecs=0|all spawned n=100 groups startsecs=0", "s", None, 2, 1.2, "limit"),
    Row("stop 1,000 of one group", "shutdown", "wall n=1000|wall n=100 groups", "s", 9.4, 0.5, 0.1),
    Row("crash to next exec, p50", "crash_restart", "exit to new exec p50 bg=0", "ms", 1000, 5, 1),
    Row("CPU per restart", "crash_restart", "daemon cpu/restart bg=0", "us", 3400, 300, 120),
    Row("idle, wake-ups", "idle_cpu", "wakeups n=1000|wakeups n=20", "/s", None, 0, 0, "plain"),
    Row("idle, CPU", "idle_cpu", "cpu n=1000|cpu n=20", "ms/s", None, 0, 0, "plain"),
    Row("resident, 0 programs", "rss_idle", "rss n=0", "MiB", 25, 4, 1.5),
    Row("resident, 1,000 programs", "rss_idle", "rss n=1000", "MiB", 40, 8, 3.5),
    Row("bulk log, 1 writer, x C pump", "log_throughput", "daemon cpu 1 child 4K writes", "s/GB", None, 1.15, 1.0, "limit:rw"),
    Row("bulk log, 10 writers, x C pump", "log_throughput", "daemon cpu 10 children 4K writes", "s/GB", None, 1.15, 1.0, "limit:rw"),
    Row("bulk log with rotation, x without", "log_throughput", "rotation costs", "x", None, 1.1, 1.02, "plain"),
    Row("line log, 100-byte writes", "log_throughput", "daemon cpu 1 child 100B writes", "s/GB", 5.7, 2, 1),
    Row("getState keep-alive, 100 programs", "rpc_throughput", "cpu/req getState n=100 conns=1 keep", "us", 700, 20, 10),
    Row("getState keep-alive, 1,000 programs", "rpc_throughput", "cpu/req getState n=1000 conns=1 keep", "us", 5300, 20, 10),
    Row("getState, new connection each", "rpc_throughput", "cpu/req getState n=100 conns=1 new", "us", 750, 50, 30),
    Row("getAllProcessInfo, 100", "rpc_throughput", "cpu/req getAllProcessInfo n=100 conns=1 keep", "us", 10900, 250, 50),
    Row("getAllProcessInfo, 1,000", "rpc_throughput", "cpu/req getAllProcessInfo n=1000 conns=1 keep", "us", 944000, 2500, 400),
    Row("getState p99 under log load, x echo", "loaded_calls", "getState p99", "us", None, 3, 1.5, "limit"),
    Row("sendRemoteCommEvent, RPC included", "events", "RemoteComm daemon cpu/event (rpc incl.)", "us", 307, 40, 20),
    Row("PROCESS_LOG events, bulk", "events", "PROCESS_LOG bulk daemon cpu", "s/GB", 4.6, 2, 1.2),
    Row("followers: CPU per GB", "tail_fanout", "50 clients bulk daemon cpu|10 clients bulk daemon cpu", "s/GB", 29, 1, 0.2),
    Row("followers: p99 delay", "tail_fanout", "50 clients paced: write to client p99|10 clients paced: write to client p99", "ms", 1000, 20, 5),
    Row("supervisorctl status, 100", "ctl_latency", "wall status n=100 (own ctl)", "ms", 196, 9.8, 4),
    Row("supervisorctl status, 100: its CPU", "ctl_latency", "ctl cpu status n=100 (own ctl)", "ms", None, 5, 2.5, "plain"),
    Row("supervisorctl status, 1,000", "ctl_latency", "wall status n=1000 (own ctl)", "ms", None, 20, 10, "plain"),
    Row("release binary", "binary", "size", "MB", None, 8, 6, "plain"),
]
# fmt: on


def derive(results):
    """Figures that are ratios of others."""
    rotating = results.m.get(("log_throughput", "daemon cpu 1 child 4K rotate 50MBx3"))
    plain = results.m.get(("log_throughput", "daemon cpu 1 child 4K writes"))
    for who in (rotating or {}).get("values", {}):
        if plain and who in plain["values"]:
            ratio = statistics.median(rotating["values"][who]) / statistics.median(plain["values"][who])
            results.add("log_throughput", "rotation costs", who, ratio, "x")


def verdicts(results, ours, reference):
    """One dictionary per row that this run measured."""
    out = []
    for row in ROWS:
        entry = next((e for m in row.metric.split("|") if (e := results.m.get((row.bench, m))) and ours in e["values"]), None)
        if not entry:
            continue
        median = {who: statistics.median(v) for who, v in entry["values"].items()}
        limits = {who: v for who, v in median.items() if who.startswith("limit:")}
        best = limits.get(row.limits) if row.limits in limits else min(limits.values(), default=None)
        mine, theirs = median[ours], median.get(reference)
        if row.limits == "plain":
            score, must, aim = mine, row.must, row.aim
        elif row.limits:
            score, must, aim = mine / best if best else None, row.must, row.aim
        else:
            score = mine / theirs if theirs else None
            must, aim = row.must / row.reference, row.aim / row.reference
        verdict = "?" if score is None else "aim" if score <= aim else "must" if score <= must else "MISSED"
        out.append({"row": row.label, "unit": row.unit, "ours": mine, "reference": theirs, "limit": best, "score": score,
                    "must": must, "aim": aim, "verdict": verdict})
    return out


def table(rows, fmt):
    head = ["what", "unit", "reference", "ours", "limit", "score", "must", "aim", "reached"]
    lines = [[r["row"], r["unit"], *(fmt(r[k]) for k in ("reference", "ours", "limit", "score", "must", "aim")), r["verdict"]] for r in rows]
    widths = [max(len(str(line[i])) for line in [head, *lines]) for i in range(len(head))]
    show = lambda line: "| " + " | ".join(str(x).ljust(n) for x, n in zip(line, widths)) + " |"
    return "\n".join([show(head), "|" + "|".join("-" * (n + 2) for n in widths) + "|", *map(show, lines)])
