"""The scripts that judge the code must themselves be able to say no."""

import subprocess
import sys

import pytest

from harness.where import REPOSITORY


def check_layers(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".rs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run([sys.executable, REPOSITORY / "scripts/check-layers", folder], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name, code, complaint", [
    ("model__fault", "use crate::config::Config;", "model may not use config::Config"),
    ("supervisor__mod", "use std::collections::HashMap;", "supervisor may not say HashMap"),
    ("supervisor__mod", "let now = Instant::now();", "supervisor may not say Instant::now"),
    ("supervisor__mod", "fn f() { std::fs::read(x); }", "supervisor may not say std::fs"),
    ("xmlrpc__parse", "use tokio::net;", "xmlrpc may not say tokio"),
    ("rpc__info", "use crate::{model::fault::{self, Fault}, daemon::{handle::Handle, pipes::ChildPipes}};",
     "rpc may not use daemon::pipes::ChildPipes"),
    ("http__auth", "x(crate::supervisor::Supervisor::new());", "http may not use supervisor::Supervisor::new"),
    ("ctl", "use crate::daemon::handle::Handle;", "ctl may not use daemon::handle::Handle"),
    ("logs__slice", "unsafe { f() }", "unsafe outside daemon"),
])
def test_a_broken_layer_is_named(tmp_path, name, code, complaint):
    status, text = check_layers(tmp_path, **{name: "\n" + code + "\n"})
    assert status == 1 and complaint in text and ":2: " in text


def test_what_the_layers_allow_passes(tmp_path):
    status, text = check_layers(
        tmp_path,
        supervisor__mod="use crate::{model::{fault::Fault, signal}, config::ProgramConfig};\n// never crate::daemon or a HashMap\n",
        rpc__mod="use crate::daemon::{handle::Handle, handle};\nuse crate::rpc::info;\n",
        daemon__fork="unsafe { libc() }\nuse crate::supervisor::turn::Os;\n",
        app="use crate::{http, rpc, daemon::pipes};\n",
    )
    assert (status, text) == (0, "the layers hold\n")


def stages(script):
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail; . scripts/stages; trap table EXIT; {script}"], cwd=REPOSITORY, capture_output=True, text=True
    )
    return done.returncode, [line.split() for line in done.stdout.split("stage ")[-1].splitlines()]


def test_stages_are_summed_up():
    status, rows = stages("stage quick 5 true; stage slow 0 sleep 1.1")
    assert status == 0
    assert [(row[0], row[2], row[3]) for row in rows[1:3]] == [("quick", "5", "ok"), ("slow", "0", "over")]
    assert rows[3][0] == "all" and rows[3][2] == "5"


def test_a_stage_that_fails_ends_the_run_and_is_in_the_table():
    status, rows = stages("stage quick 5 true; stage bad 5 sh -c 'exit 3'; stage never 5 true")
    assert status == 3
    assert [(row[0], row[-1]) for row in rows[1:3]] == [("quick", "ok"), ("bad", "failed")]
    assert rows[3][0] == "all" and len(rows) == 4
