"""What may differ between two runs of the same story, made equal.

Pids become N, moments T, uptimes U, the random part of AUTO log names RANDOM; the daemon's folder, port and own name become
``{dir}``, ``{port}`` and ``{supervisord}``. Zero stays zero, since "no pid" and "never started" are facts worth comparing.
"""

import dataclasses
import re

from . import where

_TEXT_RULES = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"), "TIME"),
    (re.compile(r"(?:\d+ days?, )?\d+:\d\d:\d\d(?=$|[\s<\"'\\])", re.M), "U"),
    (re.compile(r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d \d\d:\d\d [AP]M"), "DATE"),
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d U \d{4}"), "CTIME"),
    (re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} (?!1970)\d{4} (?:\d\d:\d\d:\d\d|U) GMT"), "HTTPDATE"),
    (re.compile(r"\b(pid[: ]+|process group )[1-9]\d*"), r"\1N"),
    (re.compile(r"(killing '[^']*' \()\d+"), r"\1N"),
    (re.compile(r"(with pid )\d+"), r"\1N"),
    (re.compile(r"(---[A-Za-z0-9.]+-)[a-z0-9_]{8}(\.log)"), r"\1RANDOM\2"),
    (re.compile(r"(<name>(?:start|stop|now|pid)</name>\s*<value><int>)[1-9]\d*"), r"\1N"),
]

# Where in its own source a Python client stumbled says nothing about the daemon; our client tells no such place.
_TEXT_RULES.append((re.compile(r": file: \S+ line: \d+"), ""))

# Python's client dies of a file that is no configuration; ours says the same without the traceback (CTL-012).
_TEXT_RULES.append((re.compile(r"Traceback \(most recent call last\):\n(?: .*\n)+configparser\.\w+: "), "Error: "))

# Help is in words of our own: only what stands left of the tabs is compared (CTL-166), and that there is a note.
_COMMANDS = "add|avail|clear|exit|fg|help|maintail|open|pid|quit|reload|remove|reread|restart|shutdown|signal|start|status|stop|tail|update|version"
_TEXT_RULES += [
    (re.compile(rf"^((?:\w+> )?(?:{_COMMANDS})\b[^\t\n]*\t+)[^\t\n]+$", re.M), r"\1MEANING"),
    (re.compile(r"^(\t\t+)[^\t\n]+$", re.M), r"\1MEANING"),
    (re.compile(r"^Note: .*$", re.M), "Note: MEANING"),
]

_NUMBER_KEYS = {"start", "stop", "now", "pid"}


def _flags(usage) -> str:
    """Of supervisorctl's own help, only the flags. The real one misspells the last of them after its underscore (CTL-001)."""
    return "USAGE " + " ".join(re.findall(r"^-./--[a-z]+", usage[0], re.M)) + "\n\n"


def text(value: str, daemon) -> str:
    """`value` as it would read in any run."""
    value = value.replace(daemon.dir, "{dir}")
    value = re.sub(rf"(?<=[:=]){daemon.port}\b", "{port}", value)
    value = re.sub(rf"(?<=[:=]){daemon.other_port}\b", "{other_port}", value)
    value = value.replace(daemon.program, "{supervisord}")
    value = value.replace(where.supervisorctl(daemon.kind), "{supervisorctl}")
    value = re.sub(r"\Asupervisorctl -- .*\n\n\Z", _flags, value, flags=re.S)
    for pattern, replacement in _TEXT_RULES:
        value = pattern.sub(replacement, value)
    return value


def structure(value, daemon, key=None):
    """The same for whatever a scenario returned: containers, dataclasses, bytes, text, numbers."""
    if isinstance(value, bytes):
        return text(value.decode("utf-8", "backslashreplace"), daemon)
    if isinstance(value, str):
        return text(value, daemon)
    if key in _NUMBER_KEYS and type(value) is int and value > 0:
        return "N"
    if isinstance(value, dict):
        return {text(k, daemon) if isinstance(k, str) else k: structure(v, daemon, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [structure(v, daemon) for v in value]
    if dataclasses.is_dataclass(value):
        fields = {f.name: structure(getattr(value, f.name), daemon, f.name) for f in dataclasses.fields(value)}
        return {type(value).__name__: fields}
    return value


def lines(value, indent: str = "") -> list:
    """A structure as lines of text, for a diff that people can read."""
    if isinstance(value, dict):
        out = []
        for k, v in value.items():
            out += _entry(f"{k}:", v, indent)
        return out or [indent + "{}"]
    if isinstance(value, list):
        out = []
        for v in value:
            out += _entry("-", v, indent)
        return out or [indent + "[]"]
    if isinstance(value, str) and "\n" in value:
        return [indent + "|" + line for line in value.split("\n")]
    return [indent + repr(value)]


def _entry(label: str, value, indent: str) -> list:
    if isinstance(value, (dict, list)) and value or isinstance(value, str) and "\n" in value:
        return [indent + label, *lines(value, indent + "  ")]
    return [f"{indent}{label} {lines(value)[0]}"]
