"""Plug-ins that the reference would load into itself: with us, an error at start that says which section and which factory."""

import pytest
import support
from catalogue import IN_DAEMON
from harness.pair import Pair


@pytest.mark.parametrize("section, factory", [plugin[1:3] for plugin in IN_DAEMON])
def test_the_error_at_start_names_the_section_and_the_factory(section, factory):
    """The reference says the same when the package is not installed, which it is not here."""

    def start(daemon):
        daemon.launch()
        return {"code": daemon.wait_end(), "said": daemon.read("err")}

    pair = Pair(support.BASE + f"[{section}]\nsupervisor.rpcinterface_factory={factory}\n")
    try:
        reference, ours = pair.each(start)
    finally:
        pair.stop()
    first = f"Error: {factory} cannot be resolved within [{section}]"
    assert reference["said"].startswith(first) and ours["said"].startswith(first)
    assert reference["code"] == ours["code"] == 2
