"""Events to a listener."""
import os
import shutil
import struct
import time

from context import rpc_body
from processes import NS, mono, stamps
from results import NA
from supervised import Daemon


def lstat(f):
    import struct
    try:
        with open(f, "rb") as h:
            b = h.read(40)
        return dict(zip(("events", "bytes", "first", "last", "payload"), struct.unpack("5Q", b)))
    except (OSError, Exception):
        return dict.fromkeys(("events", "bytes", "first", "last", "payload"), 0)


def events(x):
    B = "events"
    secs = 1 if x.quick else 3

    def listener(ev):
        return (f"[eventlistener:l]\ncommand={{child}} listener {{dir}}/stat\nevents={ev}\nbuffer_size=1000000\nstartsecs=0\n"
                "stdout_logfile=NONE\nstderr_logfile=NONE\n")
    def listening(d, n):
        end = mono() + 10 * NS  # the listener makes its file when it starts
        while not os.path.exists(d.dir + "/stat"):
            if mono() > end:
                raise NA("the event listener was not started")
            time.sleep(0.01)
        try:
            d.wait_running(n, 3)
        except NA:
            pass  # some daemons do not list their listeners
        d.settle_pid()
        time.sleep(0.5)
    comm = rpc_body(x, "supervisor.sendRemoteCommEvent", "bench", "y" * 50)
    for r in range(x.rounds or (1 if x.quick else 2)):
        for c in x.order(r):
            def remote():
                with Daemon(x, c, listener("REMOTE_COMMUNICATION")) as d:
                    d.start()
                    d.wait_rpc()
                    listening(d, 1)
                    c0 = d.cpu()
                    j = x.tool("rpc", d.sock, comm, 16, 1, secs, "<boolean>1</boolean>", 1)
                    if j["bad"] or not j["reqs"]:
                        raise NA(f"sendRemoteCommEvent: {j['bad']} bad of {j['reqs']}: {j['firstbad']}")
                    end = mono() + 10 * NS
                    while (s := lstat(d.dir + "/stat"))["events"] < j["reqs"] and mono() < end:
                        time.sleep(0.05)
                    c1 = d.cpu()
                    if s["events"] < 10:
                        raise NA(f"{s['events']} of {j['reqs']} delivered")
                    x.R.add(B, "RemoteComm events/s delivered", c, s["events"] / max(1e-9, (s["last"] - s["first"]) / NS), "/s", "higher")
                    x.R.add(B, "RemoteComm delivered fraction", c, s["events"] / j["reqs"], "", "higher")
                    x.R.add(B, "RemoteComm daemon cpu/event (rpc incl.)", c, (c1 - c0) / 1e3 / s["events"], "us")
            x.guard(B, "RemoteComm events/s delivered", c, remote)

            def log(total, rate):
                per = total // 100 * 100
                sec = (f"[program:w]\ncommand={{child}} spew {per} 100 4096 {{stamp}} {{dir}}/go {rate or ''}\nautorestart=false\nstartsecs=0\n"
                       "stdout_logfile={dir}/w.log\nstdout_logfile_maxbytes=0\nstderr_logfile=NONE\nstdout_events_enabled=true\n")
                with Daemon(x, c, listener("PROCESS_LOG") + sec) as d:
                    d.start()
                    d.wait_rpc()
                    listening(d, 2)
                    c0 = d.cpu()
                    open(d.dir + "/go", "w").close()
                    seen, moved = 0, mono()
                    while (s := lstat(d.dir + "/stat"))["payload"] < per:
                        if s["payload"] != seen:
                            seen, moved = s["payload"], mono()
                        if mono() - moved > 4 * NS:
                            break
                        time.sleep(0.01)
                    c1 = d.cpu()
                    if not s["events"]:
                        raise NA("no PROCESS_LOG event")
                    tb = min(t for k, _, t, _ in stamps(d.stamp) if k == "B")
                    frac = s["payload"] / per
                    if rate:
                        x.R.add(B, f"PROCESS_LOG paced {rate} lines/s: cpu/line", c, (c1 - c0) / 1e3 / (per // 100), "us")
                        x.R.add(B, f"PROCESS_LOG paced {rate} lines/s: events/line", c, s["events"] / (per // 100), "", "higher")
                    else:
                        x.R.add(B, "PROCESS_LOG bulk MB/s to listener", c, s["payload"] / 1e6 / ((s["last"] - tb) / NS), "MB/s", "higher")
                        x.R.add(B, "PROCESS_LOG bulk events/s", c, s["events"] / ((s["last"] - tb) / NS), "/s", "higher")
                        x.R.add(B, "PROCESS_LOG bulk daemon cpu", c, (c1 - c0) / NS / (s["payload"] / 1e9), "s/GB")
                        x.R.add(B, "PROCESS_LOG bulk delivered fraction", c, frac, "", "higher")
            x.guard(B, "PROCESS_LOG bulk MB/s to listener", c, lambda: log(20_000_000 if x.quick else 100_000_000, 0))
            x.guard(B, "PROCESS_LOG paced 1000 lines/s: cpu/line", c, lambda: log(int(secs * 1000) * 100, 1000))
        def lim():
            s = x.scratch()
            j = x.tool("event", 1, x.child, s + "/stat", 60)
            x.R.add(B, "RemoteComm events/s delivered", "limit:pipe ping-pong", j["events"] / j["secs"], "/s", "higher")
            x.R.add(B, "RemoteComm daemon cpu/event (rpc incl.)", "limit:pipe ping-pong", j["cpu"] * 1e6 / j["events"], "us")
            j = x.tool("event", 1, x.child, s + "/stat2", 65536)
            x.R.add(B, "PROCESS_LOG bulk MB/s to listener", "limit:64K ping-pong", j["events"] * 65536 / 1e6 / j["secs"], "MB/s", "higher")
            shutil.rmtree(s)
        x.guard(B, "RemoteComm events/s delivered", "limit:pipe ping-pong", lim)
