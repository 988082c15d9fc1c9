"""``supervisorctl reread``, ``update``, ``add``, ``remove`` and ``avail`` while the configuration file changes."""

import pytest

from harness import fresh_pair
from harness.pair import BASE


def program(name, command="/bin/cat", **options):
    lines = "".join(f"{key}={value}\n" for key, value in {"startsecs": 0, **options}.items())
    return f"[program:{name}]\ncommand={command}\n{lines}"


KEEP = program("keep")
OLD = program("old")
WORK = program("work", numprocs=2, process_name="%(program_name)s_%(process_num)d")


def rewrite(daemon, *sections, base=BASE):
    daemon.write("supervisord.conf", base + "\n".join(sections))


def outputs(daemon, *commands):
    """Each command's output, lines of several stops sorted, and the table at the end."""
    said = [daemon.ctl(*command.split()).unordered() for command in commands]
    daemon.wait_settled()
    return [*said, daemon.ctl("status")]


def running(*names):
    return lambda d: d.wait_states(**{name: "RUNNING" for name in names})


def test_nothing_has_changed():
    """CTL-142, CTL-146; CTL-144, CTL-145 without names and for names that are wrong."""
    with fresh_pair(KEEP + WORK) as pair:
        pair.each(running("keep", "work__work_0", "work__work_1"))
        said = pair.same(lambda d: outputs(
            d, "reread", "update", "update all", "update keep", "update keep work", "update nope", "update nope keep", "add", "remove",
            "add keep", "add nope", "add keep nope", "remove nope", "remove keep", "remove nope keep", "add keep:keep", "remove work:*",
        ))
        text = [s["Output"]["stdout"] for s in said]
        codes = [s["Output"]["code"] for s in said]
        assert text[0] == "No config updates to processes\n" and text[1:5] == [""] * 4
        assert text[5] == "ERROR: no such group: nope\n" and codes[5] == 1
        assert text[9] == "ERROR: process group already active\n" and codes[9] == 0
        assert text[10] == "ERROR: no such process/group: nope\n" and codes[10] == 1
        assert text[13] == "ERROR: process/group still running: keep\n" and codes[13] == 1


def test_reread_names_what_is_new_changed_and_gone_and_touches_nothing():
    """CTL-142, CTL-140; RPC-061, RPC-065..068, RPC-079, RPC-084."""
    with fresh_pair(KEEP + OLD + WORK) as pair:
        pair.each(running("keep", "old", "work__work_0", "work__work_1"))

        def scenario(d):
            rewrite(d, KEEP, program("work", numprocs=3, process_name="%(program_name)s_%(process_num)d"), program("new", priority=5),
                    program("also", autostart="false"))
            return outputs(d, "reread", "reread", "avail", "status new", "start new")
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"].splitlines() == ["also: available", "new: available", "old: disappeared", "work: changed"]


def test_update_removes_changes_and_adds():
    """CTL-146, CTL-147, CTL-148; GRP-003."""
    with fresh_pair(KEEP + OLD + WORK) as pair:
        pair.each(running("keep", "old", "work__work_0", "work__work_1"))

        def scenario(d):
            before = d.pid_of("keep")
            rewrite(d, KEEP, program("work", numprocs=3, process_name="%(program_name)s_%(process_num)d"), program("new"),
                    program("also", autostart="false"))
            said = outputs(d, "update", "update", "reread", "avail")
            return said, d.pid_of("keep") == before
        said, kept = pair.same(scenario)
        assert kept
        assert said[0]["Output"]["stdout"].splitlines() == sorted([
            "old: stopped", "old: removed process group", "work: stopped", "work: updated process group",
            "also: added process group", "new: added process group"])
        assert said[-1]["Output"]["stdout"].count("RUNNING") == 5


def test_update_says_things_in_this_order():
    """CTL-146, CTL-147, CTL-148: removed, then changed, then added; the stopped line also for what did not run (CTL-151)."""
    with fresh_pair(program("a_gone", autostart="false") + program("b_changed", autostart="false")) as pair:
        def scenario(d):
            rewrite(d, program("b_changed", autostart="false", priority=3), program("a_new", autostart="false"))
            return d.ctl("update")
        said = pair.same(scenario)["Output"]
        assert said["stdout"] == (
            "a_gone: stopped\na_gone: removed process group\nb_changed: stopped\nb_changed: updated process group\na_new: added process group\n")


def test_update_of_named_groups_only():
    """CTL-146, CTL-149."""
    with fresh_pair(KEEP + OLD) as pair:
        pair.each(running("keep", "old"))

        def scenario(d):
            rewrite(d, program("keep", priority=7), program("new"), program("other"))
            return outputs(d, "update new nope", "status", "update old", "update nope all")
        said = pair.same(scenario)
        assert said[0]["Output"]["code"] == 1
        assert said[0]["Output"]["stdout"].splitlines() == ["ERROR: no such group: nope", "new: added process group"]


def test_adding_and_removing_by_hand():
    """CTL-144, CTL-145; RPC-075..078."""
    with fresh_pair(KEEP + OLD) as pair:
        pair.each(running("keep", "old"))

        def scenario(d):
            rewrite(d, KEEP, program("new"), program("later", autostart="false"))
            return outputs(
                d, "add new", "reread", "add new later", "remove old", "stop old", "remove old nope", "status old", "add old", "reread",
                "stop keep", "remove keep", "reread", "add keep", "status keep",
            )
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"] == "ERROR: no such process/group: new\n"
        assert said[2]["Output"]["stdout"].splitlines() == ["later: added process group", "new: added process group"]


@pytest.mark.parametrize("change, changed", [
    (dict(command="/bin/cat -u"), True), (dict(priority=1), True), (dict(autostart="false"), True), (dict(startretries=9), True),
    (dict(stopsignal="HUP"), True), (dict(stopwaitsecs=3), True), (dict(exitcodes="1,2"), True), (dict(environment="A=b"), True),
    (dict(directory="/"), True), (dict(umask="022"), True), (dict(redirect_stderr="true"), True), (dict(stdout_logfile="{dir}/x.log"), True),
    (dict(stdout_logfile_backups=3), True), (dict(stdout_events_enabled="true"), True), (dict(stopasgroup="true"), True),
    (dict(serverurl="http://x"), True), (dict(autorestart="true"), True), (dict(stdout_capture_maxbytes="1KB"), True),
    (dict(autorestart="unexpected"), False), (dict(stdout_logfile="AUTO"), False), (dict(no_such_option="x"), False),
    (dict(priority=999), False), (dict(stdout_logfile_maxbytes="50MB"), False),
], ids=lambda c: ",".join(f"{k}={v}" for k, v in c.items()) if isinstance(c, dict) else str(c))
def test_which_options_make_a_change(one_program, change, changed):
    """RPC-069, RPC-070, RRD-006, INI-032."""
    def scenario(d):
        command = {"command": "/bin/cat", **change}
        rewrite(d, program("it", **command))
        said = d.ctl("reread")
        rewrite(d, program("it"))
        return said, d.ctl("reread")
    said = one_program.same(scenario)
    assert said[0]["Output"]["stdout"] == ("it: changed\n" if changed else "No config updates to processes\n")
    assert said[1]["Output"]["stdout"] == "No config updates to processes\n"


@pytest.fixture(scope="module")
def one_program():
    with fresh_pair(program("it")) as pair:
        pair.each(running("it"))
        yield pair


@pytest.mark.parametrize("sections", [
    "[program:it]\n",
    "[program:it]\ncommand=/bin/cat\nnumprocs=x\n",
    "[program:it]\ncommand=/bin/cat\nnumprocs=2\n",
    "[program:it]\ncommand=/bin/cat\nautorestart=perhaps\n",
    "[program:it]\ncommand=/bin/cat %(nothing)s\n",
    "[program:it]\ncommand=/bin/cat %\n",
    "[program:it\ncommand=/bin/cat\n",
    "[program:it]\ncommand\n",
    "[group:g]\nprograms=nobody\n",
    "[eventlistener:e]\ncommand=/bin/cat\n",
    "[eventlistener:e]\ncommand=/bin/cat\nevents=BOGUS\n",
    "[program:a/b]\ncommand=/bin/cat\n",
    "[program:a b]\ncommand=/bin/cat\n",
    "[include]\n",
    "[program:it]\ncommand=/bin/cat\nstdout_logfile_maxbytes=many\n",
    "[program:it]\ncommand=/bin/cat\nstopsignal=BOGUS\n",
    "[program:it]\ncommand=/bin/cat\nuser=nobody_of_that_name\n",
    "[program:it]\ncommand=/bin/cat\ndirectory=%(here)s\nenvironment=A\n",
], ids=lambda s: s.strip().replace("\n", "|"))
def test_a_broken_file_is_reported_and_changes_nothing(one_program, sections):
    """CTL-143, CTL-150; RPC-062, RPC-064."""
    def scenario(d):
        rewrite(d, sections)
        said = [d.ctl("reread"), d.ctl("update")]
        rewrite(d, program("it"))
        return [*said, d.ctl("avail"), d.ctl("reread")]
    said = one_program.same(scenario)
    if "ERROR: CANT_REREAD" in said[0]["Output"]["stdout"]:
        assert said[0]["Output"]["code"] == 1
        assert said[1]["Output"]["stdout"].startswith("error: <class 'xmlrpc.client.Fault'>, <Fault 92: ")


def test_a_file_that_is_gone_or_empty(one_program):
    """CTL-143; RPC-062, RPC-063."""
    def scenario(d):
        d.path("supervisord.conf").rename(d.path("client.conf"))
        gone = d.ctl("reread", options=["-c", "{dir}/client.conf"], config=False)
        d.write("supervisord.conf", "")
        empty = d.ctl("reread", options=["-c", "{dir}/client.conf"], config=False)
        d.path("client.conf").rename(d.path("supervisord.conf"))
        return gone, empty, d.ctl("reread")
    gone, empty, fine = one_program.same(scenario)
    assert gone["Output"]["stdout"] == "ERROR: CANT_REREAD: could not find config file {dir}/supervisord.conf\n"
    assert empty["Output"]["stdout"] == "ERROR: CANT_REREAD: .ini file does not include supervisord section\n"


def test_a_changed_section_of_the_daemon_itself():
    """RPC-042, RPC-069, RPC-073, RRD-002: the identifier at once, and a global environment changes every group."""
    with fresh_pair(KEEP) as pair:
        def scenario(d):
            rewrite(d, KEEP, "[supervisord]\nidentifier=other\nenvironment=A=b\n")
            return d.call("supervisor.getIdentification"), d.ctl("reread"), d.call("supervisor.getIdentification"), outputs(d, "update")
        said = pair.same(scenario)
        assert said[0] == "supervisor" and said[2] == "other" and said[1]["Output"]["stdout"] == "keep: changed\n"


def test_groups_of_programs_changing_their_shape():
    """RPC-066..068."""
    with fresh_pair(program("a") + program("b") + "[group:g]\nprograms=a,b\n" + program("x")) as pair:
        pair.each(running("g__a", "g__b", "x"))

        def scenario(d):
            rewrite(d, program("a"), program("b"), program("c"), "[group:g]\nprograms=b,a\npriority=5\n", "[group:x]\nprograms=c\n")
            said = outputs(d, "reread", "update")
            rewrite(d, program("a"), program("b"))
            return [*said, *outputs(d, "reread", "update")]
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"].splitlines() == ["g: changed", "x: changed"]


def test_a_program_that_becomes_a_listener():
    """RPC-071, RRD-007."""
    with fresh_pair(program("x")) as pair:
        pair.each(running("x"))

        def scenario(d):
            said = []
            for events in ("TICK_60", "TICK_60,TICK_3600", "TICK_60,TICK_3600\nbuffer_size=20", "TICK_60,TICK_3600\nbuffer_size=20\npriority=4"):
                rewrite(d, f"[eventlistener:x]\ncommand=/bin/cat\nstartsecs=0\nevents={events}\n")
                said += outputs(d, "reread", "update", "reread")
            return said
        said = pair.same(scenario)
        assert [s["Output"]["stdout"] for s in said[::4]] == ["x: changed\n"] * 4


def test_included_files():
    """INC-004, INC-006, INC-011; RPC-065."""
    with fresh_pair(KEEP + "[include]\nfiles=conf.d/*.conf\n") as pair:
        def scenario(d):
            d.path("conf.d").mkdir()
            d.write("conf.d/b.conf", program("b", command="/bin/echo %(here)s", autostart="false"))
            d.write("conf.d/a.conf", program("a"))
            said = outputs(d, "reread", "update", "avail")
            d.path("conf.d/a.conf").unlink()
            return [*said, *outputs(d, "update"), d.call("supervisor.getAllConfigInfo")]
        said = pair.same(scenario)
        assert said[0]["Output"]["stdout"].splitlines() == ["a: available", "b: available"]
        assert [row["command"] for row in said[-1]] == ["/bin/echo {dir}/conf.d", "/bin/cat"]
