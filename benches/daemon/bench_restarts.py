"""Children that end and come back."""
import shutil
import time

from context import idle_programs
from processes import NS, count_stamps, mono, stamps
from results import NA
from supervised import Daemon


def crash_restart(x):
    B = "crash_restart"
    # A supervisor that is sane restarts one program at most once a second; so the latency child lives 1.1 s,
    # and the cost of a restart is taken over 200 programs that exit at once.
    def prog(us):
        n = 1 if us else 200
        name = "" if n == 1 else f"numprocs={n}\nprocess_name=%(program_name)s_%(process_num)03d\n"
        return (f"[program:x]\ncommand={{child}} exit {{dir}}/x {us}\n{name}startsecs=0\nautorestart=true\nstartretries=1000000\n"
                "stdout_logfile=NONE\nstderr_logfile=NONE\n")
    for r in range(x.rounds or (1 if x.quick else 2)):
        for bg in (0, 100):
            for kind, us in (("latency", 1100000), ("sustained", 0)):
                secs = 4 if kind == "sustained" else 6 if x.quick else 14
                if bg and (x.quick or kind == "latency"):
                    continue
                for c in x.order(r):
                    def go():
                        with Daemon(x, c, prog(us) + idle_programs(bg)) as d:
                            d.start()
                            d.wait_rpc()
                            if bg:
                                d.wait_stamps(bg)
                            d.wait_stamps(2, 30, file=d.dir + "/x")
                            d.settle_pid()
                            time.sleep(0.5)
                            n0, t0, c0 = count_stamps(d.dir + "/x"), mono(), d.cpu()
                            time.sleep(secs)
                            c1, t1 = d.cpu(), mono()
                            st = [s for s in stamps(d.dir + "/x") if t0 <= s[2] <= t1]
                            starts = [t for k, _, t, _ in st if k == "S"]
                            if not starts:
                                raise NA("no restart seen")
                            pids = [p for k, p, _, _ in st if k == "S"]
                            if len(set(pids)) != len(pids):
                                raise NA("a pid came twice")
                            if kind == "latency":
                                lat, e = [], None
                                for k, _, t, _ in sorted(st, key=lambda s: s[2]):
                                    if k == "E":
                                        e = t
                                    elif e:
                                        lat.append((t - e) / 1e6)
                                        e = None
                                if not lat:
                                    raise NA("no exit-start pair seen")
                                lat.sort()
                                x.R.add(B, f"exit to new exec p50 bg={bg}", c, lat[len(lat) // 2], "ms")
                                x.R.add(B, f"exit to new exec p99 bg={bg}", c, lat[len(lat) * 99 // 100], "ms")
                            else:
                                starts.sort()
                                rate = (len(starts) - 1) / ((starts[-1] - starts[0]) / NS) if len(starts) > 1 else len(starts) / secs
                                x.R.add(B, f"restarts/s bg={bg}", c, rate, "/s", "higher")
                                x.R.add(B, f"daemon cpu/restart bg={bg}", c, (c1 - c0) / 1e3 / len(starts), "us")
                    x.guard(B, f"exit to new exec p50 bg={bg}" if kind == "latency" else f"restarts/s bg={bg}", c, go)
                def lim():
                    s = x.scratch()
                    if kind == "sustained":
                        j = x.tool("respawn", min(2, secs), x.child, s + "/x")
                        st = sorted(stamps(s + "/x"), key=lambda q: q[2])
                        lat, e = [], None
                        for k, _, t, _ in st:
                            if k == "E":
                                e = t
                            elif e:
                                lat.append((t - e) / 1e6)
                        lat.sort()
                        x.R.add(B, f"exit to new exec p50 bg={bg}", "limit:waitpid+vfork", lat[len(lat) // 2], "ms")
                        x.R.add(B, f"exit to new exec p99 bg={bg}", "limit:waitpid+vfork", lat[len(lat) * 99 // 100], "ms")
                        x.R.add(B, f"restarts/s bg={bg}", "limit:waitpid+vfork", j["restarts"] / j["secs"], "/s", "higher")
                        x.R.add(B, f"daemon cpu/restart bg={bg}", "limit:waitpid+vfork", j["cpu"] * 1e6 / j["restarts"], "us")
                    shutil.rmtree(s)
                x.guard(B, f"restarts/s bg={bg}", "limit:waitpid+vfork", lim)
