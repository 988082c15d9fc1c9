"""Plug-ins of the Python supervisorctl, in the Python supervisorctl, talking to either daemon."""

import pytest
import support

PLUGINS = """
[ctlplugin:wildcards]
supervisor.ctl_factory=supervisorwildcards.controllerplugin:make_wildcards_controllerplugin
match_group=0
[ctlplugin:serialrestart]
supervisor.ctl_factory=supervisorserialrestart.controllerplugin:make_serialrestart_controllerplugin
match_group=1
"""

pair = support.programs(support.PROGRAMS + PLUGINS)


def command(pair, *words):
    """A command of a plug-in, its lines sorted, since each process is handled by a thread of its own."""
    def ask(daemon):
        said = support.run(daemon, support.tool("python", "supervisorctl"), "-c", daemon.config_path, *words).unordered()
        return {"said": said, "states": daemon.states()}
    return pair.same(ask)


@pytest.mark.client("wildcards")
def test_wildcards(pair):
    """`mstop`, `mstart`, `mrestart` by pattern, and a pattern that matches nothing"""
    stopped = command(pair, "mstop", "o*", "al*")
    assert stopped["states"]["web:one"] == stopped["states"]["alpha"] == "STOPPED"
    started = command(pair, "mstart", "o*", "al*")
    assert started["states"]["web:one"] == started["states"]["alpha"] == "RUNNING"
    assert "web:two: started" in command(pair, "mrestart", "t*")["said"]["Output"]["stdout"]
    assert "No process matched" in command(pair, "mstop", "zz*")["said"]["Output"]["stdout"]


@pytest.mark.client("serialrestart")
def test_serialrestart(pair):
    """`serialrestart` of a process, of a pattern, and of a name that is not there"""
    assert "web:two: started" in command(pair, "serialrestart", "web:*")["said"]["Output"]["stdout"]
    assert "alpha: started" in command(pair, "serialrestart", "alpha")["said"]["Output"]["stdout"]
    assert "No such process nobody" in command(pair, "serialrestart", "nobody")["said"]["Output"]["stdout"]
