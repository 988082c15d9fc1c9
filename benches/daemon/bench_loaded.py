"""How long a call waits while ten children log flat out, beside a C echo and a C pump that share the machine in the same way."""
import os
import shutil
import subprocess
import time

from context import rpc_body
from processes import size
from results import NA
from supervised import HELPERS, Daemon

KIDS = 10


def loaded_calls(x):
    bench, secs = "loaded_calls", 0.5 if x.quick else 1.5
    each = 150_000_000 if x.quick else 300_000_000
    body = rpc_body(x, "supervisor.getState")
    expected = "<name>statename</name>"

    def note(who, j):
        if j["bad"] or j["errors"] or not j["reqs"]:
            raise NA(f"{j['bad']} bad, {j['errors']} failed of {j['reqs']}: {j['firstbad']}")
        x.R.add(bench, "getState p50", who, j["p50_us"], "us")
        x.R.add(bench, "getState p99", who, j["p99_us"], "us")

    def candidate(c):
        section = (f"[program:w]\ncommand={{child}} spew {each} 100 4096 {{stamp}} {{dir}}/go\nnumprocs={KIDS}\n"
                   "process_name=w_%(process_num)02d\nautorestart=false\nstartsecs=0\nstdout_logfile={dir}/w_%(process_num)02d.log\n"
                   f"stdout_logfile_maxbytes={x.nomax.get(c, '0')}\nstderr_logfile=NONE\n")
        with Daemon(x, c, section) as d:
            d.up(0)
            d.wait_running(KIDS)
            logs = [f"{d.dir}/w_{i:02}.log" for i in range(KIDS)]
            open(d.dir + "/go", "w").close()
            busy(lambda: sum(map(size, logs)))
            note(c, x.tool("rpc", d.sock, body, 1, 1, secs, expected, 1))
            if sum(map(size, logs)) >= KIDS * each:
                x.notes.append(f"loaded_calls: {c}: the children were done before the calls were")

    def limit():
        folder = x.scratch()
        echo = subprocess.Popen([x.load, "httpd", folder + "/s", "canned", "state", "1"])
        pump = subprocess.Popen([x.load, "pump", "rw", str(KIDS), str(KIDS * each), "100", "4096", folder, x.child], stdout=subprocess.DEVNULL)
        HELPERS.extend([echo, pump])
        try:
            logs = [f"{folder}/pump{i}.log" for i in range(KIDS)]
            busy(lambda: sum(map(size, logs)))
            note("limit:C echo and pump", x.tool("rpc", folder + "/s", body, 1, 1, secs, expected, 1))
            pump.wait(60)
        finally:
            for p in (echo, pump):
                p.kill()
                p.wait()
                HELPERS.remove(p)
            shutil.rmtree(folder)

    for r in range(x.rounds or (1 if x.quick else 3)):
        for c in x.order(r):
            x.guard(bench, "getState p99", c, lambda: candidate(c))
        x.guard(bench, "getState p99", "limit:C echo and pump", limit)


def busy(written):
    """Waits until bytes flow."""
    end = time.monotonic() + 10
    while written() < 1_000_000:
        if time.monotonic() > end:
            raise NA("the children do not write")
        time.sleep(0.005)


def binary(x):
    """The size of the executable itself."""
    for c, command in x.cands.items():
        program = shutil.which(command.split()[0])
        if program and open(program, "rb").read(4) == b"\x7fELF":
            x.R.add("binary", "size", c, os.path.getsize(program) / 1e6, "MB")
