"""Files that are swapped under running programs, in every way in which people swap files: one restart for one change."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import where
from harness.daemon import Daemon
from harness.pair import BASE
from harness.waiting import wait_for

pytestmark = pytest.mark.usefixtures("ours_only")

# Says which version of it was started, and that it was.
SCRIPT = "#!/bin/sh\necho {version} >> {dir}/starts\nexec sleep 1000\n"

PROGRAM = """
[program:web]
command={dir}/app/bin/web
startsecs=0
restart_when_binary_changed=true
"""


def script(daemon, version: int) -> str:
    return daemon.fill(SCRIPT).replace("{version}", str(version))


def watched(config: str = PROGRAM, **options) -> Daemon:
    """A daemon whose program is there, and under watch."""
    daemon = Daemon(where.OURS, BASE + config, **options)
    install(daemon, "app/bin/web", 1)
    daemon.start()
    wait_for(lambda: daemon.read("starts"), what=daemon.report)
    wait_for(lambda: is_watching(daemon), what=daemon.report)
    return daemon


def is_watching(daemon) -> bool:
    """The kernel has been told where to look, down to the last directory: the first look has been taken, or is about to be."""
    return watches(daemon) > 3


def watches(daemon) -> int:
    """How many directories supervisord has under watch; none also when it has nothing to watch them with."""
    count = 0
    for entry in os.listdir(f"/proc/{daemon.pid}/fdinfo"):
        try:
            text = Path(f"/proc/{daemon.pid}/fdinfo/{entry}").read_text()
        except FileNotFoundError:
            continue
        count = max(count, text.count("inotify wd:"))
    return count


def install(daemon, name: str, version: int) -> Path:
    path = daemon.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script(daemon, version))
    path.chmod(0o755)
    return path


def settled(daemon, *wanted: int, name="starts"):
    """Waits for these starts, and sees that none comes after them: a further change would be told within that time."""
    wanted = [str(version) for version in wanted]
    wait_for(lambda: daemon.read(name).split()[:len(wanted)] == wanted, 30, what=lambda: f"{daemon.read(name)}\n{daemon.report()}")
    # Whatever was still under way has been looked at when a later change has been.
    mark = str(int(wanted[-1]) + 100)
    install(daemon, "new", int(mark))
    os.replace(daemon.path("new"), daemon.path("app/bin/web"))
    wait_for(lambda: mark in daemon.read(name).split(), 30, what=daemon.report)
    assert daemon.read(name).split() == [*wanted, mark], daemon.report()


def by_rename(daemon, path):
    install(daemon, "new", 2)
    os.replace(daemon.path("new"), path)


def by_copy_in_place(daemon, path):
    install(daemon, "new", 2)
    shutil.copyfile(daemon.path("new"), path)


def by_delete_and_create(daemon, path):
    path.unlink()
    time.sleep(1.5)
    path.write_text("#!/bin/sh\n")
    time.sleep(1.5)
    install(daemon, "app/bin/web", 2)


def by_slow_copy(daemon, path):
    """Written bit by bit, with pauses that are longer than the rest of a file takes to be believed in."""
    text = script(daemon, 2)
    with open(path, "w") as file:
        for start in range(0, len(text), 20):
            file.write(text[start:start + 20])
            file.flush()
            time.sleep(1.3)


def by_install(daemon, path):
    install(daemon, "new", 2)
    subprocess.run(["install", "-m", "755", daemon.path("new"), path], check=True)


def by_directory(daemon, path):
    """The whole tree above it is another one."""
    install(daemon, "next/bin/web", 2)
    daemon.path("app").rename(daemon.path("old"))
    daemon.path("next").rename(daemon.path("app"))


@pytest.mark.parametrize("swap", [by_rename, by_copy_in_place, by_delete_and_create, by_slow_copy, by_install, by_directory],
                         ids=lambda swap: swap.__name__)
def test_a_program_that_is_replaced_is_restarted_once(swap):
    """GO-166, GO-169, GO-170, GO-173, SEED-025."""
    with watched() as daemon:
        swap(daemon, daemon.path("app/bin/web"))
        settled(daemon, 1, 2)


def test_a_program_behind_a_link_is_restarted_when_the_link_leads_elsewhere():
    """GO-167."""
    config = PROGRAM.replace("/app/bin/web", "/current/bin/web")
    daemon = Daemon(where.OURS, BASE + config)
    install(daemon, "v1/bin/web", 1)
    install(daemon, "v2/bin/web", 2)
    daemon.path("current").symlink_to("v1")
    with daemon.start():
        wait_for(lambda: daemon.read("starts") and is_watching(daemon), what=daemon.report)
        daemon.path("tmp").symlink_to("v2")
        os.replace(daemon.path("tmp"), daemon.path("current"))
        wait_for(lambda: daemon.read("starts").split() == ["1", "2"], 20, what=daemon.report)
        install(daemon, "v2/bin/web", 3)
        wait_for(lambda: daemon.read("starts").split() == ["1", "2", "3"], 20, what=daemon.report)


def test_a_program_is_watched_where_a_start_finds_it():
    """GO-167: PATH of its own environment."""
    config = PROGRAM.replace("command={dir}/app/bin/web", "command=web\nenvironment=PATH=\"/nowhere:{dir}/app/bin:/bin\"")
    with watched(config) as daemon:
        by_rename(daemon, daemon.path("app/bin/web"))
        settled(daemon, 1, 2)


def test_of_an_interpreter_and_its_script_the_interpreter_is_the_program():
    """GO-168: a script is watched by its directory."""
    config = PROGRAM.replace("command=", "command=/bin/sh ") + (
        "\n[program:witness]\ncommand={dir}/app/bin/web\nrestart_when_binary_changed=true\nstartsecs=0\n")
    with watched(config) as daemon:
        wait_for(lambda: len(daemon.read("starts").split()) == 2, what=daemon.report)
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: "2" in daemon.read("starts"), 20, what=daemon.report)
        assert daemon.log_messages("has changed: restarting") == [
            f"INFO {daemon.dir}/app/bin/web has changed: restarting 'witness'"]


def test_a_touch_is_no_change():
    """GO-169: nor are other rights, nor the same content anew."""
    with watched() as daemon:
        path = daemon.path("app/bin/web")
        for change in (os.utime, lambda path: path.chmod(0o700), lambda path: path.write_text(script(daemon, 1))):
            change(path)
            time.sleep(1.5)
        settled(daemon, 1)


def test_a_change_under_load_is_one_restart_for_each_program_that_watches():
    """GO-180: however many watch one file, and however busy the machine is."""
    config = PROGRAM + "numprocs=8\nprocess_name=%(process_num)d\n"
    with watched(config) as daemon:
        wait_for(lambda: len(daemon.read("starts").split()) == 8, what=daemon.report)
        stop = threading.Event()
        noise = [threading.Thread(target=lambda: [daemon.write(f"app/bin/noise{n}", str(n)) for n in iter(stop.is_set, True)])
                 for n in range(2)]
        [thread.start() for thread in noise]
        try:
            install(daemon, "new", 2)
            os.replace(daemon.path("new"), daemon.path("app/bin/web"))
            wait_for(lambda: daemon.read("starts").split().count("2") == 8, 30, what=daemon.report)
        finally:
            stop.set()
            [thread.join() for thread in noise]
        assert len(daemon.read("starts").split()) == 16
        assert all(info["statename"] == "RUNNING" for info in daemon.call("supervisor.getAllProcessInfo"))


def test_a_program_that_somebody_stopped_is_left_alone():
    """GO-181."""
    with watched(PROGRAM + "\n[program:witness]\ncommand={dir}/app/bin/web\nrestart_when_binary_changed=true\nstartsecs=0\n") as daemon:
        wait_for(lambda: len(daemon.read("starts").split()) == 2, what=daemon.report)
        daemon.call("supervisor.stopProcess", "web")
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: "2" in daemon.read("starts"), 20, what=daemon.report)
        daemon.wait_states(web="STOPPED", witness="RUNNING")
        daemon.call("supervisor.startProcess", "web")
        wait_for(lambda: sorted(daemon.read("starts").split()) == ["1", "1", "2", "2"], what=daemon.report)


def test_a_program_that_could_not_be_started_gets_another_chance():
    """GO-173: what has become FATAL did so because of the old file."""
    daemon = Daemon(where.OURS, BASE + PROGRAM + "startretries=0\n")
    with daemon.start():
        daemon.wait_states(web="FATAL")
        install(daemon, "app/bin/web", 1)
        daemon.wait_states(20, web="RUNNING")


def test_signals_go_to_the_whole_group_and_hold_nobody_up():
    """GO-172."""
    trapping = "#!/bin/sh\ntrap 'echo parent >> {dir}/got' HUP\n(trap 'echo child >> {dir}/got' HUP; while :; do sleep 0.1; done) &\n" \
               "echo {version} >> {dir}/starts\nwhile :; do sleep 0.1; done\n"
    global SCRIPT
    plain, SCRIPT = SCRIPT, trapping
    try:
        with watched(PROGRAM + "restart_signal_when_binary_changed=HUP\nstopwaitsecs=1\nstopasgroup=true\n") as daemon:
            by_rename(daemon, daemon.path("app/bin/web"))
            wait_for(lambda: sorted(daemon.read("got").split()) == ["child", "parent"], 20, what=daemon.report)
            assert daemon.read("starts") == "1\n"
            daemon.wait_states(web="RUNNING")
    finally:
        SCRIPT = plain


def test_signals_stop_once_the_program_has_gone():
    """GO-172: a list, one after the other, until it ends."""
    with watched(PROGRAM + "restart_signal_when_binary_changed=WINCH TERM KILL\nstopwaitsecs=1\nautorestart=true\n") as daemon:
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: daemon.read("starts").split() == ["1", "2"], 20, what=daemon.report)
        assert len(daemon.log_messages("terminated by SIGTERM")) == 1


def test_a_command_is_told_what_has_changed():
    """GO-171, GO-183: it wins over signals."""
    with watched(PROGRAM + "restart_signal_when_binary_changed=TERM\n"
                 "restart_cmd_when_binary_changed=/bin/sh -c \"echo $SUPERVISOR_CHANGED_FILE >> {dir}/told\"\n") as daemon:
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: daemon.read("told") == f"{daemon.dir}/app/bin/web\n", 20, what=daemon.report)
        assert daemon.read("starts") == "1\n"


DIRECTORY = """
[program:web]
command={dir}/app/bin/web
startsecs=0
restart_directory_monitor={dir}/conf
restart_file_pattern=*.conf
"""


def directory(config: str = DIRECTORY) -> Daemon:
    daemon = Daemon(where.OURS, BASE + config)
    install(daemon, "app/bin/web", 1)
    for n in range(50):
        daemon.path(f"conf/sub{n % 5}").mkdir(parents=True, exist_ok=True)
        daemon.path(f"conf/sub{n % 5}/{n}.conf").write_text("one")
    daemon.start()
    wait_for(lambda: daemon.read("starts") and watches(daemon) > 6, what=daemon.report)
    return daemon


def test_many_files_that_change_together_are_one_restart():
    """GO-174, GO-179: below the directory, however deep, and one after the other."""
    with directory() as daemon:
        for n in range(50):
            daemon.path(f"conf/sub{n % 5}/{n}.conf").write_text("two")
            time.sleep(0.02)
        wait_for(lambda: len(daemon.read("starts").split()) == 2, 20, what=daemon.report)
        daemon.path("conf/new/deep").mkdir(parents=True)
        daemon.path("conf/new/deep/a.conf").write_text("new")
        wait_for(lambda: len(daemon.read("starts").split()) == 3, 20, what=daemon.report)
        daemon.path("conf/new/deep/a.conf").write_text("newer")
        wait_for(lambda: len(daemon.read("starts").split()) == 4, 20, what=daemon.report)
        shutil.rmtree(daemon.path("conf/new"))
        wait_for(lambda: len(daemon.read("starts").split()) == 5, 20, what=daemon.report)
        assert len(daemon.log_messages("has changed: restarting")) == 4


def test_only_files_of_the_pattern_count():
    """GO-176."""
    with directory() as daemon:
        daemon.path("conf/a.txt").write_text("x")
        daemon.path("conf/.conf.swp").write_text("x")
        time.sleep(3)
        assert daemon.read("starts") == "1\n"
        daemon.path("conf/sub1/1.conf").write_text("two")
        wait_for(lambda: len(daemon.read("starts").split()) == 2, 20, what=daemon.report)


def test_a_change_that_two_watches_see_is_one_restart():
    """GO-179: the program lies in the directory that it has under watch."""
    with watched(PROGRAM + "restart_directory_monitor={dir}/app\n") as daemon:
        by_rename(daemon, daemon.path("app/bin/web"))
        settled(daemon, 1, 2)


def test_watches_follow_the_configuration():
    """GO-182: and when the last has gone there is nothing left of them."""
    with watched() as daemon:
        daemon.write("supervisord.conf", BASE + PROGRAM.replace("restart_when_binary_changed=true", ""))
        daemon.ctl("update")
        wait_for(lambda: "anon_inode:inotify" not in descriptors(daemon), what=daemon.report)
        wait_for(lambda: daemon.read("starts").split() == ["1", "1"], what=daemon.report)
        install(daemon, "app/bin/web", 2)
        daemon.write("supervisord.conf", BASE + PROGRAM)
        daemon.ctl("update")
        wait_for(lambda: is_watching(daemon) and "2" in daemon.read("starts"), what=daemon.report)
        install(daemon, "new", 3)
        os.replace(daemon.path("new"), daemon.path("app/bin/web"))
        wait_for(lambda: "3" in daemon.read("starts"), 20, what=daemon.report)
        assert daemon.read("starts").split() == ["1", "1", "2", "3"]


def descriptors(daemon) -> list:
    folder = Path(f"/proc/{daemon.pid}/fd")
    links = []
    for entry in folder.iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return links


def test_who_watches_nothing_has_nothing_to_watch_with():
    """No descriptor and no thread for a configuration without extensions."""
    with Daemon(where.OURS, BASE + "[program:cat]\ncommand=/bin/cat\n") as daemon:
        daemon.wait_states(cat="RUNNING")
        assert "anon_inode:inotify" not in descriptors(daemon)
        assert len(os.listdir(f"/proc/{daemon.pid}/task")) == 1


def threads(daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/task"))


def test_a_file_without_end_holds_nobody_up():
    """Reading is done beside the loop, and given up when nobody waits for it any more."""
    daemon = Daemon(where.OURS, BASE + DIRECTORY)
    install(daemon, "app/bin/web", 1)
    daemon.path("conf").mkdir()
    with open(daemon.path("conf/huge.conf"), "w") as file:
        file.truncate(1 << 42)
    with daemon.start():
        wait_for(lambda: threads(daemon) > 1, what=daemon.report)
        before = time.monotonic()
        for _ in range(20):
            assert daemon.call("supervisor.getState")["statename"] == "RUNNING"
        assert time.monotonic() - before < 5
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_end(10) == 0


def test_a_reload_leaves_nothing_behind():
    """LIF-003: everything that runs beside programs goes with the run that it belongs to."""
    config = PROGRAM + "cron=* * * * * *\nliveness_check_initial_delay=0\nliveness_check_script=/bin/sleep 1000\n"
    with watched(config) as daemon:
        def quiet():
            wait_for(lambda: threads(daemon) == 1, 20, what=daemon.report)
            return len(descriptors(daemon))

        counts = []
        for start in range(2, 5):
            daemon.ctl("reload")
            wait_for(lambda: daemon.read("starts").split() == ["1"] * start, 20, what=daemon.report)
            wait_for(lambda: is_watching(daemon), what=daemon.report)
            counts.append(quiet())
        assert counts[0] == counts[-1]
        assert not daemon.log_messages("reaped unknown pid")
        assert len(daemon.descendants()) <= 2
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: daemon.read("starts").split() == ["1"] * 4 + ["2"], 20, what=daemon.report)


def can_unshare() -> bool:
    probe = ["unshare", "-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_instances"]
    try:
        return subprocess.run(probe, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_unshare(), reason="needs user namespaces of its own")
@pytest.mark.parametrize("limit, word", [("max_inotify_instances", "looking by the clock"), ("max_inotify_watches", "too many files")])
def test_without_help_of_the_kernel_files_are_looked_at_by_the_clock(limit, word):
    """GO-169: within about ten seconds, and told once."""
    wrapper = ["unshare", "-Ur", "sh", "-c", f'echo 0 > /proc/sys/user/{limit}; exec "$@"', "sh"]
    daemon = Daemon(where.OURS, BASE + PROGRAM, wrapper=wrapper)
    install(daemon, "app/bin/web", 1)
    with daemon.start():
        wait_for(lambda: daemon.read("starts"), what=daemon.report)
        wait_for(lambda: daemon.log_messages(word), what=daemon.report)
        by_rename(daemon, daemon.path("app/bin/web"))
        wait_for(lambda: daemon.read("starts").split() == ["1", "2"], 30, what=daemon.report)
        assert len(daemon.log_messages(word)) == 1
