"""What `packaging/completions` offers in the shells themselves: bash, zsh and fish are started on a terminal and asked with keys.

`scripts/setup` installs zsh and fish where it may; a shell that is missing is skipped.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Daemon, Screen, where
from harness.pair import BASE
from test_our_ctl import PROGRAMS, ours

FOLDER = where.REPOSITORY / "packaging/completions"
#: The key that lists what fits.
LIST = {"bash": "\x1b?", "zsh": "\x04"}


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    with Daemon(where.OURS, BASE + PROGRAMS.replace("[program:off]", "[program:$(>oops)]\ncommand=/bin/cat\nautostart=false\n[program:off]")).start() as daemon:
        daemon.wait_states(cat="RUNNING", m__m1="RUNNING")
        folder = tmp_path_factory.mktemp("path")
        (folder / "supervisorctl").symlink_to(ours())
        daemon.env = {**daemon.env, "PATH": f"{folder}:{daemon.env['PATH']}", "HOME": daemon.dir}
        yield daemon


def needed(shell):
    return shutil.which(shell) or pytest.skip(f"no {shell} here: see scripts/setup")


class Shell(Screen):
    """A shell that has loaded our completions, at its prompt."""

    START = {
        "bash": (["--norc", "--noprofile", "-i"], f"PS1='% '; . {FOLDER}/supervisorctl.bash"),
        "zsh": (["-f", "-i"], f"PS1='%% '; fpath=({FOLDER} $fpath); autoload -Uz compinit; compinit -u -D"),
    }

    def __init__(self, name, daemon):
        options, load = self.START[name]
        super().__init__([needed(name), *options], env={**daemon.env, "PS1": "> "}, cwd=daemon.dir, columns=160)
        self.wait(lambda shown: shown.endswith(("#", "$", "%", ">")))
        self.type(load + "\r").wait(lambda shown: shown.count("\n") and shown.endswith("%"))
        self.type("\x0c").wait(lambda shown: shown == "%")


NAMED = "supervisorctl -c {dir}/supervisord.conf "

#: What is typed before Tab, and the line that it becomes.
COMPLETED = [
    ("supervisorctl vers", "supervisorctl version"),
    ("supervisorctl help ver", "supervisorctl help version"),
    ("supervisorctl --conf", "supervisorctl --configuration"),
    ("supervisorctl completions fi", "supervisorctl completions fish"),
    (NAMED + "signal TE", NAMED + "signal TERM"),
    (NAMED + "signal TERM qui", NAMED + "signal TERM quick"),
    (NAMED + "tail qui", NAMED + "tail quick"),
    (NAMED + "start off qui", NAMED + "start off quick"),
    (NAMED + "restart m:m1 m:m", NAMED + "restart m:m1 m:m"),
    (NAMED + "update silen", NAMED + "update silent"),
    ("supervisorctl -c ~/supervisord.conf stop a_na", "supervisorctl -c ~/supervisord.conf stop a_name_that_is_longer_than_thirty_characters"),
    ("supervisorctl -s unix://{sock} stop sil", "supervisorctl -s unix://{sock} stop silent"),
    ("supervisorctl --serverurl=unix://{sock} stop sil", "supervisorctl --serverurl=unix://{sock} stop silent"),
    ("supervisorctl -c{dir}/supervisord.conf stop sil", "supervisorctl -c{dir}/supervisord.conf stop silent"),
    ("supervisorctl -c {dir}/supervisord.co", "supervisorctl -c {dir}/supervisord.conf"),
    ("supervisorctl -s unix:///nowhere stop sil", "supervisorctl -s unix:///nowhere stop sil"),
]


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_tab_finishes_the_word(mine, name):
    with Shell(name, mine) as shell:
        for typed, line in COMPLETED:
            # The letter behind shows that Tab was dealt with.
            shell.type(mine.fill(typed) + "\t#")
            text = shell.wait(lambda shown: "#" in shown)
            done = "".join(text.split("#")[0].split("\n"))[2:].rstrip().rstrip("=")
            assert done == mine.fill(line)
            shell.type("\x15\x0c").wait(lambda shown: shown == "%")


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_the_menu_shows_what_there_is_and_runs_none_of_it(mine, name):
    with Shell(name, mine) as shell:
        for typed, offered in [
            ("supervisorctl sta", ["start", "status"]), (NAMED + "start m:", ["m1", "m2", "*"]), (NAMED + "add ", ["$(>oops)", "cat", "m", "off"]),
            (NAMED + "signal US", ["USR1", "USR2"]),
        ]:
            shell.type(mine.fill(typed) + LIST[name])
            shell.wait(lambda shown: all(word in shown.replace("\\", "").split("\n", 1)[-1] for word in offered))
            shell.type("\x15\x0c").wait(lambda shown: shown == "%")
    assert not (Path(mine.dir) / "oops").exists()


def test_fish_offers_it(mine):
    lines = [(mine.fill(typed), mine.fill(line).split()[-1]) for typed, line in COMPLETED if typed != line]
    script = f"source {FOLDER}/supervisorctl.fish; for line in $argv; complete -C $line; echo; end"
    command = [needed("fish"), "--no-config", "-c", script, *(typed for typed, _ in lines)]
    said = subprocess.run(command, capture_output=True, text=True, env=mine.env, cwd=mine.dir)
    offered = [[offer.split("\t")[0] for offer in answer.splitlines()] for answer in said.stdout.split("\n\n")[:-1]]
    assert (offered, said.stderr) == ([[word] for _, word in lines], "")
