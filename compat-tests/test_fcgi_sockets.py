"""FastCGI programs: a listening socket as descriptor 0, shared by the members of a group."""

import pytest

from harness import fresh_pair, wait_for
from harness.http import Connection

APP = """
import os, socket, sys
listener = socket.socket(fileno=0)
with open(sys.argv[1] + "/up", "a") as up:
    up.write("up\\n")
while True:
    connection, _ = listener.accept()
    connection.sendall(sys.argv[2].encode())
    connection.close()
"""

FILES = {"app.py": APP}


def program(where, name="f", **options):
    lines = "".join(f"{key}={value}\n" for key, value in options.items())
    return f"[fcgi-program:{name}]\ncommand={{python}} -IS {{dir}}/app.py {{dir}} hello\nsocket={where}\nstartsecs=0\n{lines}"


def said_by(address):
    """What the program says to one who connects."""
    with Connection(address) as connection:
        return connection.until(lambda got: got == b"hello").decode()


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_the_program_listens_on_its_descriptor_0(kind):
    """FCG-001, FCG-002, FCG-006, FCG-007, FCG-010, FCG-011; RPC-148; MSG-017."""
    where = "unix://{dir}/f.sock" if kind == "unix" else "tcp://127.0.0.1:{other_port}"
    with fresh_pair(program(where, numprocs=2, process_name="%(program_name)s_%(process_num)d"), files=FILES) as pair:
        def scenario(d):
            d.wait_states(f__f_0="RUNNING", f__f_1="RUNNING")
            wait_for(lambda: d.read("up").count("up") == 2, what=d.report)
            address = f"{d.dir}/f.sock" if kind == "unix" else ("127.0.0.1", d.other_port)
            said = [said_by(address) for _ in range(3)], d.call("supervisor.sendProcessStdin", "f:f_0", "x"), d.call("supervisor.stopProcess", "f:f_0"), said_by(address)
            mode = oct(d.path("f.sock").stat().st_mode) if kind == "unix" else ""
            stop = d.call("supervisor.stopProcess", "f:f_1")
            return said, stop, d.log_messages("Creating socket", "Closing socket"), mode
        said = pair.same(scenario)
        assert said[0][1] == ["fault", 20, "NO_FILE: f:f_0"] and said[0][3] == "hello" and len(said[2]) == 4


def test_mode_and_owner_of_the_socket():
    """FCC-005, FCC-007, FCG-007."""
    config = program("unix://{dir}/a.sock", "a", socket_mode="0666", socket_owner="nobody:1") + program("unix://{dir}/b.sock", "b")
    with fresh_pair(config, files=FILES) as pair:
        def scenario(d):
            d.wait_states(a="RUNNING", b="RUNNING")
            wait_for(lambda: d.read("up").count("up") == 2, what=d.report)
            stats = [d.path(n).stat() for n in ("a.sock", "b.sock")]
            return [(oct(s.st_mode), s.st_uid, s.st_gid) for s in stats]
        assert pair.same(scenario)[0] == ["0o140666", 65534, 1]


def test_a_file_in_the_way_is_replaced_and_a_changed_socket_is_a_change():
    """FCG-007, RPC-072, RRD-005, RRD-007."""
    with fresh_pair(program("unix://{dir}/f.sock"), files={**FILES, "f.sock": "a file in the way"}) as pair:
        def scenario(d):
            d.wait_states(f="RUNNING").wait_log("up", name="up")
            said = [said_by(f"{d.dir}/f.sock")]
            base = d.read("supervisord.conf")
            for change in (base.replace("f.sock", "g.sock"), base + "socket_mode=0600\n", base.replace("fcgi-program", "program")):
                d.write("supervisord.conf", change)
                said.append(d.ctl("reread"))
            d.write("supervisord.conf", base.replace("f.sock", "g.sock"))
            said += [d.ctl("update"), d.wait_states(f="RUNNING").states()]
            wait_for(lambda: d.read("up").count("up") == 2, what=d.report)
            return [*said, said_by(f"{d.dir}/g.sock")]
        said = pair.same(scenario)
        assert said[0] == said[-1] == "hello"
        assert [s["Output"]["stdout"] for s in said[1:4]] == ["f: changed\n", "No config updates to processes\n", "f: changed\n"]
