"""One running candidate: its configuration, its RPC, its start and its end. Everything is stopped by pid."""
import http.client
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import xmlrpc.client

from processes import NS, UnixConn, count_stamps, cpu_ns, descendants, mono, ppids
from results import NA

# Helper programs of a bench that are still running.
HELPERS = []


class Daemon:
    """one running candidate"""
    live = []
    # The path of the program that is put under supervision.
    child = ""

    def __init__(self, ctx, cand, sections, tag=""):
        self.ctx, self.cand = ctx, cand
        self.dir = tempfile.mkdtemp(prefix="d", dir=ctx.tmp)
        self.sock, self.conf = self.dir + "/s", self.dir + "/c.conf"
        self.stamp = self.dir + "/stamp"
        kids = len(re.findall(r"^\[program:", sections, re.M)) + sum(int(i) - 1 for i in re.findall(r"^numprocs=(\d+)", sections, re.M))
        minfds = min(ctx.fds, max(1024, 6 * kids + 200))  # 1024 is the default; Python's children close that many
        text = f"""[unix_http_server]
file={self.sock}
[supervisord]
logfile={self.dir}/supervisord.log
pidfile={self.dir}/supervisord.pid
childlogdir={self.dir}
nodaemon=true
minfds={minfds}
minprocs=200
{"user=root" if os.getuid() == 0 else ""}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{self.sock}
"""
        text += sections.replace("{dir}", self.dir).replace("{stamp}", self.stamp).replace("{child}", ctx.child)
        with open(self.conf, "w") as f:
            f.write(text)
        self.pid = self.proc = None
        self.helpers, self.closed = [], False

    def command(self):
        return [a.replace("{conf}", self.conf).replace("{dir}", self.dir) for a in shlex.split(self.ctx.cands[self.cand])]

    def start(self):
        cmd = self.command()
        out = open(self.dir + "/daemon.out", "wb")
        self.t0 = mono()
        try:
            self.proc = subprocess.Popen(cmd, cwd=self.ctx.cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        except OSError as e:
            raise NA(f"cannot start: {e}")
        self.pid = self.proc.pid
        Daemon.live.append(self)
        return self

    def alive(self):
        return os.waitid(os.P_PID, self.proc.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None

    def tail_out(self):
        try:
            return open(self.dir + "/daemon.out", errors="replace").read()[-150:].replace("\n", " ")
        except OSError:
            return ""

    def call(self, method, *args, timeout=30):
        c = UnixConn(self.sock, timeout)
        try:
            c.request("POST", "/RPC2", xmlrpc.client.dumps(args, method), {"Content-Type": "text/xml"})
            r = c.getresponse()
            b = r.read()
            if r.status != 200:
                raise NA(f"{method}: HTTP {r.status}")
            return xmlrpc.client.loads(b)[0][0]
        finally:
            c.close()

    def wait_rpc(self, timeout=30, gap=0.002):
        end = mono() + timeout * NS
        while True:
            try:
                st = self.call("supervisor.getState", timeout=5)
                if st.get("statename") == "RUNNING":
                    return mono()
            except (OSError, http.client.HTTPException, xmlrpc.client.Error, NA, AttributeError):
                pass
            if not self.alive():
                raise NA("daemon exited: " + self.tail_out())
            if mono() > end:
                raise NA("no getState reply")
            time.sleep(gap)

    def settle_pid(self):
        """the daemon's pid if the command was a wrapper; its helper processes"""
        try:
            p = self.call("supervisor.getPID")
            if isinstance(p, int) and p != self.pid and p in descendants(self.proc.pid):
                self.pid = p
        except Exception:
            pass
        def same():
            exe, out = os.readlink(f"/proc/{self.pid}/exe"), set()
            for k in descendants(self.pid):
                try:
                    if os.readlink(f"/proc/{k}/exe") == exe:
                        out.add(k)
                except OSError:
                    pass
            return out
        h = same()  # twice: a fork that has not yet exec'ed looks like a helper
        if h:
            time.sleep(0.1)
            h &= same()
        self.helpers = sorted(h)

    def cpu(self):
        t = cpu_ns(self.pid)
        for p in self.helpers:
            try:
                t += cpu_ns(p)
            except OSError:
                pass
        return t

    def wait_stamps(self, n, timeout=0, gap=0.005, file=None):
        timeout = timeout or 15 + n / 25
        end = mono() + timeout * NS
        while (k := count_stamps(file or self.stamp)) < n:
            if not self.alive():
                raise NA("daemon exited: " + self.tail_out())
            if mono() > end:
                raise NA(f"{k} of {n} children started in {timeout} s")
            time.sleep(gap)

    def wait_running(self, n, timeout=0, gap=0.05):
        timeout = timeout or 15 + n / 25
        end = mono() + timeout * NS
        while True:
            try:
                info = self.call("supervisor.getAllProcessInfo")
                k = sum(i.get("state") == 20 for i in info)
                if k >= n:
                    return mono()
            except (OSError, http.client.HTTPException):
                k = -1
            if mono() > end or not self.alive():
                raise NA(f"{k} of {n} RUNNING")
            time.sleep(gap)

    def up(self, n):
        """start, n children running, pid known"""
        self.start()
        self.wait_rpc()
        self.wait_stamps(n)
        self.wait_running(n)
        self.settle_pid()
        return self

    def terminate(self, timeout=60):
        """SIGTERM; (wall s, daemon cpu s); the children must be gone"""
        kids = descendants(self.pid)
        self.helpers = [k for k in self.helpers if k in kids]
        c0, t0 = self.cpu(), mono()
        os.kill(self.pid, signal.SIGTERM)
        while self.alive():
            if mono() - t0 > timeout * NS:
                raise NA(f"not stopped in {timeout} s")
            time.sleep(0.001)
        t = mono()
        try:
            c1 = cpu_ns(self.pid) if self.pid == self.proc.pid else c0
        except OSError:
            c1 = c0
        left = [k for k in kids if os.path.exists(f"/proc/{k}") and open(f"/proc/{k}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"]
        if left:
            time.sleep(0.5)
            left = [k for k in left if os.path.exists(f"/proc/{k}/cwd")]
        self.close()
        if left:
            raise NA(f"{len(left)} children outlived the daemon")
        return (t - t0) / NS, (c1 - c0) / NS

    def close(self, keep=False):
        if self.closed:
            return
        self.closed = True
        if self in Daemon.live:
            Daemon.live.remove(self)
        if self.proc:
            kids = []
            if self.alive():
                # kill the daemon first, so that it restarts nothing; then its children, by pid
                kids = descendants(self.proc.pid)
                for p in {self.proc.pid, self.pid, *self.helpers}:
                    if p == self.proc.pid or p in kids:
                        try:
                            os.kill(p, signal.SIGKILL)
                        except OSError:
                            pass
            for p in set(kids):
                try:
                    if os.readlink(f"/proc/{p}/exe") == self.ctx.child:
                        os.kill(p, signal.SIGKILL)
                except OSError:
                    pass
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                pass
            if self.proc.stdout:
                self.proc.stdout.close()
        reap_orphans()
        if not keep and not self.ctx.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.close()


def reap_orphans():
    """children of dead daemons come to us (subreaper); leave live Popens alone"""
    mine = {d.proc.pid for d in Daemon.live if d.proc} | {p.pid for p in HELPERS}
    for p, pp in ppids().items():
        if pp == os.getpid() and p not in mine:
            try:
                if os.readlink(f"/proc/{p}/exe") == Daemon.child:
                    os.kill(p, signal.SIGKILL)
            except OSError:
                pass
            try:
                os.waitpid(p, os.WNOHANG)
            except OSError:
                pass


def cleanup():
    for d in list(Daemon.live):
        try:
            d.close()
        except Exception:
            pass
    for p in HELPERS:
        if p.poll() is None:
            p.kill()
