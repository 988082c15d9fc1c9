"""Plug-ins that the reference would load into itself: with us, an error at start that says which section and factory, and what to do."""

import pytest
import support
from catalogue import IN_DAEMON
from harness.pair import Pair


@pytest.mark.parametrize("section, factory", [plugin[1:3] for plugin in IN_DAEMON])
def test_the_error_at_start_names_the_section_and_the_factory(section, factory):
    """The reference says the same in two lines when the package is not installed, which it is not here; advice has a line of its own."""

    def start(daemon):
        daemon.launch()
        return {"code": daemon.wait_end(), "said": daemon.read("err")}

    pair = Pair(support.BASE + f"[{section}]\nsupervisor.rpcinterface_factory={factory}\n")
    try:
        reference, ours = pair.each(start)
    finally:
        pair.stop()
    first = f"Error: {factory} cannot be resolved within [{section}]"
    theirs, (*same, advice) = reference["said"].splitlines(), ours["said"].splitlines()
    assert theirs[0] == same[0] == first and len(theirs) == len(same) == 2 and same[1].startswith("For help, use ")
    assert f"Remove the section [{section}]" in advice and "docs/compatibility.md" in advice
    assert reference["code"] == ours["code"] == 2
