"""The harness itself: two daemons come up, are compared, and leave nothing behind."""

import os

import pytest

from harness import fresh_pair, shared_pair

pair = shared_pair("[program:cat]\ncommand=/bin/cat\n", ready=lambda d: d.wait_states(cat="RUNNING"))


def test_both_daemons_answer_over_both_transports(pair):
    answer = pair.same(lambda d: [d.rpc(t).supervisor.getState() for t in ("unix", "inet")])
    assert answer == [{"statecode": 1, "statename": "RUNNING"}] * 2


def test_the_real_client_shows_the_same_table(pair):
    said = pair.ctl("status")
    assert said.code == 0 and said.stdout.startswith("cat  ") and "RUNNING   pid N, uptime U" in said.stdout


def test_a_difference_is_seen_and_shown(pair):
    """A comparison that cannot fail would be worth nothing."""
    with pytest.raises(pytest.fail.Exception) as failure:
        pair.same(lambda d: {"pid": 5, "word": d.kind})
    assert "-word: 'reference'" in str(failure.value) and "+word: 'ours'" in str(failure.value)


def test_nothing_is_left_behind_after_a_stop():
    with fresh_pair("[program:cat]\ncommand=/bin/cat\n") as pair:
        pair.each(lambda d: d.wait_states(cat="RUNNING"))
        pids = pair.each(lambda d: d.pid_of("cat"))
        folders = [d.dir for d in pair.both]
    assert not any(os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().split()[2] != "Z" for pid in pids)
    assert not any(os.path.exists(folder) for folder in folders)
