"""Bytes from children to their log files, all of them looked at afterwards."""
import glob
import os
import shutil
import subprocess
import time

from processes import NS, mono, size, stamps
from results import NA
from supervised import Daemon


LOGCASES = {  # name: kids, bytes, chunk, rotate, limit modes
    "1 child 4K writes": (1, 1_000_000_000, 4096, 0, ("rw", "splice", "nap256k", "nap1m", "direct")),
    "10 children 4K writes": (10, 500_000_000, 4096, 0, ("rw", "nap256k", "nap1m")),
    "1 child 100B writes": (1, 200_000_000, 100, 0, ("rw", "nap256k", "nap1m", "direct")),
    "1 child 4K rotate 50MBx3": (1, 500_000_000, 4096, 1, ("rot",)),
}


def log_throughput(x):
    B, L = "log_throughput", 100
    rounds = x.rounds or (1 if x.quick else 3)
    for case, (kids, total, chunk, rot, modes) in LOGCASES.items():
        if x.quick:
            if kids == 10 or rot:
                continue
            total //= 8
        per = total // kids // L * L
        lines = per // L
        for r in range(rounds):
            for c in x.order(r):
                def go(nomax=None):
                    nomax = nomax or x.nomax.get(c, "0")
                    sec = (f"[program:w]\ncommand={{child}} spew {per} {L} {chunk} {{stamp}} {{dir}}/go\nnumprocs={kids}\n"
                           "process_name=w_%(process_num)02d\nautorestart=false\nstartsecs=0\nstdout_logfile={dir}/w_%(process_num)02d.log\n"
                           "stderr_logfile={dir}/w_%(process_num)02d.err\n"
                           f"stdout_logfile_maxbytes={'50MB' if rot else nomax}\nstdout_logfile_backups={3 if rot else 0}\n")
                    with Daemon(x, c, sec) as d:
                        d.start()
                        d.wait_rpc()
                        d.wait_running(kids)
                        d.settle_pid()
                        logs = sorted(glob.glob(d.dir + "/w_*.log"))
                        if len(logs) != kids:
                            raise NA(f"{len(logs)} log files for {kids} children")
                        c0 = d.cpu()
                        open(d.dir + "/go", "w").close()
                        seen, moved = 0, mono()
                        want, last = per * kids, b"%012d " % (lines - 1)

                        def done():
                            try:
                                if not rot:
                                    return sum(map(size, logs)) >= want
                                for p in (logs[0], logs[0] + ".1"):
                                    with open(p, "rb") as f:
                                        f.seek(0, 2)
                                        if f.tell() >= L:
                                            f.seek(-L, 2)
                                            return f.read(13) == last
                                return False
                            except OSError:
                                return False
                        while not done():
                            now = sum(map(size, logs))
                            if now != seen:
                                seen, moved = now, mono()
                            if mono() - moved > 5 * NS:
                                if nomax == "0" and not rot:
                                    x.notes.append(f"{c}: stdout_logfile_maxbytes=0 does not mean 'no limit' ({now} bytes kept of {want}); measured with 8GB")
                                    x.nomax[c] = "8GB"
                                    d.close()
                                    return go()
                                raise NA(f"stalled: {now} of {want} bytes in the log")
                            time.sleep(0.002)
                        t1, c1 = mono(), d.cpu()
                        time.sleep(0.1)
                        tb = min(t for k, _, t, _ in stamps(d.stamp) if k == "B")
                        for p in logs:
                            files = [p + f".{i}" for i in (9, 8, 7, 6, 5, 4, 3, 2, 1) if os.path.exists(p + f".{i}")] + [p]
                            v = subprocess.run([x.child, "verify", "any" if rot else "0", str(lines - 1), str(L), *files], capture_output=True, text=True)
                            if v.returncode:
                                raise NA("log wrong: " + v.stdout.strip())
                            if rot and len(files) > 4:
                                raise NA(f"{len(files) - 1} backups kept")
                        x.R.add(B, f"MB/s {case}", c, want / 1e6 / ((t1 - tb) / NS), "MB/s", "higher")
                        x.R.add(B, f"daemon cpu {case}", c, (c1 - c0) / NS / (want / 1e9), "s/GB")
                x.guard(B, f"MB/s {case}", c, go)
            for m in modes:
                def lim():
                    s = x.scratch()
                    try:
                        j = x.tool("pump", m, kids, total, L, chunk, s, x.child)
                        x.R.add(B, f"MB/s {case}", "limit:" + m, j["bytes"] / 1e6 / j["secs"], "MB/s", "higher")
                        if m != "direct":
                            x.R.add(B, f"daemon cpu {case}", "limit:" + m, j["cpu"] / (j["bytes"] / 1e9), "s/GB")
                    finally:
                        shutil.rmtree(s)
                x.guard(B, f"MB/s {case}", "limit:" + m, lim)
