"""`supervisorctl status` as a whole process."""
import os
import shlex
import subprocess

from context import idle_programs, rpc_body
from processes import NS, mono
from results import NA
from supervised import Daemon


def ctl_latency(x):
    for n, reps in ((100, 4),) if x.quick else ((100, 12), (1000, 5)):
        status_of(x, n, reps)


def status_of(x, n, reps):
    B = "ctl_latency"
    ds = {}
    try:
        for c in x.cands:
            d = Daemon(x, c, idle_programs(n))
            ds[c] = d
            if not x.guard(B, f"wall status n={n}", c, lambda: d.up(n)):
                ds.pop(c).close()
        ga = rpc_body(x, "supervisor.getAllProcessInfo")

        def timed(cmd):
            t0 = mono()
            p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            out = p.stdout.read()
            _, st, ru = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(st)
            p.stdout.close()
            return (mono() - t0) / NS, ru.ru_utime + ru.ru_stime, out, p.returncode
        ref = next(iter(x.ctls), None)
        for r in range(reps):
            for c in x.order(r):
                if c not in ds:
                    continue
                for ctl, cmd in x.ctls.items():
                    # the reference ctl against every daemon; every other ctl against its own
                    if ctl != ref and ctl in x.cands and ctl != c:
                        continue
                    def go():
                        argv = [a.replace("{conf}", ds[c].conf) for a in shlex.split(cmd)] + ["status"]
                        c0 = ds[c].cpu()
                        w, cp, out, rc = timed(argv)
                        if out.upper().count(b"RUNNING") != n:
                            raise NA(f"status: rc {rc}, {out.upper().count(b'RUNNING')} RUNNING: {out[:60]!r}")
                        who = c
                        sfx = f" status n={n} ({ctl} ctl)" if ctl == ref else f" status n={n} (own ctl)"
                        x.R.add(B, "wall" + sfx, who, w * 1e3, "ms")
                        x.R.add(B, "ctl cpu" + sfx, who, cp * 1e3, "ms")
                        x.R.add(B, "daemon cpu" + sfx, who, (ds[c].cpu() - c0) / 1e6, "ms")
                        if ctl == ref and ctl == c:
                            sfx = f" status n={n} (own ctl)"
                            x.R.add(B, "wall" + sfx, who, w * 1e3, "ms")
                            x.R.add(B, "ctl cpu" + sfx, who, cp * 1e3, "ms")
                    x.guard(B, f"wall status n={n} ({ctl} ctl)", c, go)
                def raw():
                    w, cp, out, rc = timed([x.load, "one", ds[c].sock, ga])
                    if rc or out.upper().count(b"RUNNING") < n:
                        raise NA(f"raw client rc {rc}")
                    x.R.add(B, f"wall status n={n} (C client)", c, w * 1e3, "ms")
                    for sfx in (f" status n={n} ({ref} ctl)", f" status n={n} (own ctl)"):
                        x.R.add(B, "ctl cpu" + sfx, "limit:C client", cp * 1e3, "ms")
                x.guard(B, f"wall status n={n} (C client)", c, raw)
            w, cp, *_ = timed(["/bin/true"])
            for sfx in (f" status n={n} ({ref} ctl)", f" status n={n} (own ctl)", f" status n={n} (C client)"):
                x.R.add(B, "wall" + sfx, "limit:/bin/true", w * 1e3, "ms")
    finally:
        for d in ds.values():
            d.close()
