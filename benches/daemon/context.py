"""What every bench is given: the candidates, the compiled helper programs, the results."""
import json
import os
import resource
import subprocess
import sys
import tempfile
import xmlrpc.client
from pathlib import Path

from results import NA, Results
from supervised import Daemon

PROGRAMS = Path(__file__).resolve().parent.parent / "programs"


class Ctx:
    def __init__(self, a):
        self.quick, self.rounds, self.keep, self.cwd = a.quick, a.rounds, a.keep, os.getcwd()
        self.cands, self.ctls, self.http_limits = dict(a.candidate), dict(a.ctl), dict(a.http_limit)
        self.tmp = tempfile.mkdtemp(prefix="pf", dir=a.tmp)
        self.child, self.load = self.tmp + "/child", self.tmp + "/load"
        Daemon.child = self.child
        for sources, out, extra in (([PROGRAMS / "child.c"], self.child, ["-static"]), (sorted((PROGRAMS / "load").glob("*.c")), self.load, [])):
            r = subprocess.run(["cc", "-O2", *extra, "-o", out, *sources], capture_output=True, text=True)
            if r.returncode and extra:  # no static libc here
                r = subprocess.run(["cc", "-O2", "-o", out, *sources], capture_output=True, text=True)
            if r.returncode:
                sys.exit(r.stderr)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.fds = min(hard, 16384) if hard != resource.RLIM_INFINITY else 16384
        self.R = Results(list(self.cands))
        self.notes, self.failed, self.nomax = [], set(), {}

    def order(self, r):
        """the candidates, in a rotated order each round"""
        c = list(self.cands)
        return c[r % len(c):] + c[:r % len(c)]

    def tool(self, *args, timeout=120):
        r = subprocess.run([self.load, *map(str, args)], capture_output=True, text=True, timeout=timeout)
        try:
            j = json.loads(r.stdout)
        except ValueError:
            raise NA(f"load {args[0]}: rc {r.returncode} {r.stdout[:80]}")
        if "error" in j:
            raise NA(f"load {args[0]}: {j['error']}")
        return j

    def scratch(self):
        return tempfile.mkdtemp(prefix="l", dir=self.tmp)

    def guard(self, bench, metric, cand, f):
        key = (bench, metric, cand)
        if key in self.failed:  # one try is enough: a time-out is dear
            return None
        try:
            return f()
        except NA as e:
            self.R.na(bench, metric, cand, e)
        except Exception as e:  # a candidate's failure must not end the run
            self.R.na(bench, metric, cand, f"{type(e).__name__}: {e}")
        self.failed.add(key)
        print(f"    {cand}: {bench} {metric}: n/a: {self.R.m[(bench, metric)]['na'].get(cand)}", file=sys.stderr, flush=True)


def idle_programs(n, startsecs=0, logs=True):
    if not n:
        return ""
    l = ("stdout_logfile={dir}/p_%(process_num)04d.log\nstderr_logfile={dir}/p_%(process_num)04d.err\n" if logs
         else "stdout_logfile=NONE\nstderr_logfile=NONE\n")
    return (f"[program:p]\ncommand={{child}} idle {{stamp}}\nnumprocs={n}\nprocess_name=p_%(process_num)04d\n"
            f"startsecs={startsecs}\nautorestart=false\n{l}")


def idle_groups(n, startsecs=1):
    return "".join(f"[program:g{i:04d}]\ncommand={{child}} idle {{stamp}}\nstartsecs={startsecs}\nautorestart=false\n"
                   f"stdout_logfile={{dir}}/g{i:04d}.log\nstderr_logfile={{dir}}/g{i:04d}.err\n" for i in range(n))

def rpc_body(x, method, *args):
    f = f"{x.tmp}/{method}.xml"
    with open(f, "w") as h:
        h.write(xmlrpc.client.dumps(args, method))
    return f
