"""The text format of scenarios: parsing and printing. `fixtures/scenarios/README.md` is its description.

This module knows nothing of the reference. It turns text into declarations and happenings, and puts traces back between the lines
it was given. Everything it does not understand is a `FormatError` with the line number: a scenario with a typing error must never
pass because half of it was skipped.
"""

import errno
import re
import signal
from dataclasses import dataclass, field

INDENT = " " * 9

WAITS = {"wait": True, "nowait": False}
BOOLEANS = {"true": True, "false": False}
DAEMON_SIGNALS = ("TERM", "INT", "QUIT", "HUP")

# verb -> what its words are; every verb named here calls a method and is numbered
REQUESTS = {
    "start": ("name", "wait"),
    "stop": ("name", "wait"),
    "start-group": ("name", "wait"),
    "stop-group": ("name", "wait"),
    "start-all": ("wait",),
    "stop-all": ("wait",),
    "signal": ("name", "signal"),
    "signal-group": ("name", "signal"),
    "signal-all": ("signal",),
    "add": ("name",),
    "remove": ("name",),
    "shutdown": (),
    "restart": (),
    "remote": ("type", "data"),
}


# every event type; `EVENT` and those that others begin with are abstract
EVENTS = (
    "EVENT PROCESS_STATE PROCESS_STATE_STOPPED PROCESS_STATE_EXITED PROCESS_STATE_STARTING PROCESS_STATE_STOPPING "
    "PROCESS_STATE_BACKOFF PROCESS_STATE_FATAL PROCESS_STATE_RUNNING PROCESS_STATE_UNKNOWN PROCESS_COMMUNICATION "
    "PROCESS_COMMUNICATION_STDOUT PROCESS_COMMUNICATION_STDERR PROCESS_LOG PROCESS_LOG_STDOUT PROCESS_LOG_STDERR "
    "REMOTE_COMMUNICATION SUPERVISOR_STATE_CHANGE SUPERVISOR_STATE_CHANGE_RUNNING SUPERVISOR_STATE_CHANGE_STOPPING "
    "TICK TICK_5 TICK_60 TICK_3600 PROCESS_GROUP PROCESS_GROUP_ADDED PROCESS_GROUP_REMOVED"
).split()


class FormatError(ValueError):
    """A line that is not of the format."""

    def __init__(self, number, why):
        super().__init__(f"line {number}: {why}")


@dataclass
class Program:
    name: str
    group: str
    priority: int = 999
    autostart: bool = True
    autorestart: str = "unexpected"
    startsecs: int = 1
    startretries: int = 3
    exitcodes: tuple = (0,)
    stopsignal: str = "TERM"
    stopwaitsecs: int = 10
    stopasgroup: bool = False
    killasgroup: bool | None = None

    @property
    def key(self):
        return f"{self.group}:{self.name}"


@dataclass
class Group:
    name: str
    priority: int = 999
    programs: list = field(default_factory=list)


@dataclass
class Pool(Group):
    """An event listener section; its programs are its listeners."""

    priority: int = -1
    events: tuple = ()
    buffer_size: int = 10


@dataclass
class Happening:
    """One `at` line. `words` are the words after the verb; `request` is its number when it calls a method."""

    micros: int
    verb: str
    words: tuple
    request: int | None = None

    def __str__(self):
        seconds, rest = divmod(self.micros, 1_000_000)
        digits = f"{rest:06}".rstrip("0") or "0"
        return " ".join([f"at {seconds}.{digits}", self.verb, *self.words])

    @property
    def said(self):
        """The bytes that a listener says."""
        return unescaped(self.words[1])


@dataclass
class Scenario:
    """`lines` are the lines of the file without its trace; `places` says which of them are happenings."""

    groups: dict
    happenings: list
    lines: list
    places: list

    def key(self, name):
        """The full name of a declared program; None when there is none of that name."""
        group, _, program = name.partition(":")
        program = program or group
        members = self.groups[group].programs if group in self.groups else []
        return next((p.key for p in members if p.name == program), None)


def is_trace(line):
    return line.lstrip().startswith("> ")


def parse(text):
    """Reads a scenario; lines of a trace that it has are dropped."""
    scenario = Scenario({}, [], [], [])
    requests = 0
    for number, raw in enumerate(text.splitlines(), 1):
        if is_trace(raw):
            continue
        words = _words(raw)
        try:
            if not words:
                pass
            elif words[0] == "at":
                happening = _happening(_said_words(raw) or words[1:], scenario)
                if happening.verb in REQUESTS:
                    requests += 1
                    happening.request = requests
                scenario.happenings.append(happening)
                scenario.places.append(len(scenario.lines))
            elif scenario.happenings:
                raise ValueError("declarations come first")
            elif words[0] == "group":
                _declare_group(words[1:], scenario.groups)
            elif words[0] == "program":
                _declare_program(words[1:], scenario.groups)
            elif words[0] == "listener":
                _declare_listener(words[1:], scenario.groups)
            else:
                raise ValueError(f"unknown word {words[0]!r}")
        except ValueError as why:
            raise FormatError(number, why) from None
        scenario.lines.append(raw.rstrip())
    for group in scenario.groups.values():
        if not group.programs:
            raise ValueError(f"group {group.name} has no programs")
    return scenario


def render(scenario, start, traces):
    """The text of a scenario with its trace: `start` are the lines before the first happening, `traces` one list per
    happening. Without happenings there is no run and no trace."""
    by_place = dict(zip(scenario.places, traces))
    first = scenario.places[0] if scenario.places else None
    out = []
    for place, line in enumerate(scenario.lines):
        if place == first:
            out += _indented(start)
        out.append(line)
        out += _indented(by_place.get(place, []))
    return "\n".join(out) + "\n"


def declaration(item):
    """The line that declares this group or program, with the keys that are not the defaults."""
    if isinstance(item, Pool):
        words = ["listener", item.name, f"events={','.join(item.events)}"]
        if item.priority != -1:
            words.append(f"pool_priority={item.priority}")
        if item.buffer_size != 10:
            words.append(f"buffer_size={item.buffer_size}")
        if item.programs[0].name != item.name:
            words.append(f"numprocs={len(item.programs)}")
        return " ".join(words + _changed_keys(item.programs[0]))
    if isinstance(item, Group):
        return f"group {item.name} priority={item.priority}"
    words = ["program", item.name]
    if item.group != item.name:
        words.append(f"group={item.group}")
    return " ".join(words + _changed_keys(item))


def _changed_keys(program):
    plain = Program(program.name, program.group)
    values = ((key, getattr(program, key), getattr(plain, key)) for key in _KEYS)
    return [f"{key}={_show(value)}" for key, value, default in values if value not in (default, None)]


def _show(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _indented(trace):
    return [f"{INDENT}> {line}" for line in trace]


def _words(line):
    words = []
    for word in line.split():
        if word.startswith("#"):
            break
        words.append(word)
    return words


def _said_words(line):
    """The words of a `says` line, whose text is taken as it stands; None for any other line."""
    words = line.split(None, 4)
    if len(words) < 5 or words[0] != "at" or words[2] != "says":
        return None
    _, separator, text = line.partition(f" says {words[3]} ")
    return [*words[1:4], text] if separator else None


def unescaped(text):
    """`\\n`, `\\\\` and `\\xNN` are read as in Python; everything else stands for itself."""
    rest = text
    out = b""
    while rest:
        before, backslash, rest = rest.partition("\\")
        out += before.encode()
        if backslash:
            what = re.match(r"n|\\|x[0-9a-fA-F]{2}", rest)
            if not what:
                raise ValueError(f"an unknown escape in {text!r}")
            rest = rest[what.end() :]
            out += {"n": b"\n", "\\": b"\\"}.get(what[0]) or bytes.fromhex(what[0][1:])
    return out


def escaped(data):
    """The other way round, in printable characters."""
    plain = {0x0A: "\\n", 0x5C: "\\\\"}
    return "".join(plain.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in data)


def _choice(table):
    def read(text):
        if text not in table:
            raise ValueError(f"{text!r} is none of {', '.join(table)}")
        return table[text] if isinstance(table, dict) else text

    return read


def _whole(text):
    if not text.isdecimal():
        raise ValueError(f"{text!r} is no number")
    return int(text)


def _signal_name(text):
    if not hasattr(signal, "SIG" + text):
        raise ValueError(f"{text!r} is no signal")
    return text


def _wait_seconds(text):
    if _whole(text) == 0:
        raise ValueError("stopwaitsecs=0 never settles")
    return int(text)


_KEYS = {
    "priority": _whole,
    "autostart": _choice(BOOLEANS),
    "autorestart": _choice(("true", "false", "unexpected")),
    "startsecs": _whole,
    "startretries": _whole,
    "exitcodes": lambda text: tuple(_whole(code) for code in text.split(",")),
    "stopsignal": _signal_name,
    "stopwaitsecs": _wait_seconds,
    "stopasgroup": _choice(BOOLEANS),
    "killasgroup": _choice(BOOLEANS),
}


def _pairs(words):
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key in pairs:
            raise ValueError(f"{word!r} is no new key=value")
        pairs[key] = value
    return pairs


def _declare_group(words, groups):
    if not words:
        raise ValueError("a group needs a name")
    name, pairs = words[0], _pairs(words[1:])
    if name in groups:
        raise ValueError(f"{name} is there already")
    priority = _whole(pairs.pop("priority", "999"))
    if pairs:
        raise ValueError(f"unknown key {next(iter(pairs))!r}")
    groups[name] = Group(name, priority)


def _declare_program(words, groups):
    if not words:
        raise ValueError("a program needs a name")
    name, pairs = words[0], _pairs(words[1:])
    own = "group" not in pairs
    program = Program(name, pairs.pop("group", name))
    if any(p.name == name for group in groups.values() for p in group.programs):
        raise ValueError(f"{name} is there already")
    for key, value in pairs.items():
        if key not in _KEYS:
            raise ValueError(f"unknown key {key!r}")
        setattr(program, key, _KEYS[key](value))
    if program.killasgroup is None:
        program.killasgroup = program.stopasgroup
    if program.stopasgroup and not program.killasgroup:
        raise ValueError("stopasgroup=true with killasgroup=false")
    if own:
        if name in groups:
            raise ValueError(f"group {name} is there already")
        groups[name] = Group(name, program.priority)
    elif program.group not in groups:
        raise ValueError(f"group {program.group} is not declared")
    groups[program.group].programs.append(program)


def _declare_listener(words, groups):
    if not words:
        raise ValueError("a listener needs a name")
    name, pairs = words[0], _pairs(words[1:])
    if name in groups or any(p.name == name for group in groups.values() for p in group.programs):
        raise ValueError(f"{name} is there already")
    pool = Pool(name, events=tuple(pairs.pop("events", "").split(",")))
    for event in pool.events:
        if event not in EVENTS:
            raise ValueError(f"{event!r} is no event")
    if "pool_priority" in pairs:
        pool.priority = int(pairs.pop("pool_priority"))
    if "buffer_size" in pairs:
        pool.buffer_size = _whole(pairs.pop("buffer_size"))
        if pool.buffer_size < 1:
            raise ValueError("buffer_size is at least 1")
    names = [name]
    if "numprocs" in pairs:
        names = [f"{name}{number}" for number in range(_whole(pairs.pop("numprocs")))]
    for process in names:
        program = Program(process, name)
        for key, value in pairs.items():
            if key not in _KEYS:
                raise ValueError(f"unknown key {key!r}")
            setattr(program, key, _KEYS[key](value))
        if program.killasgroup is None:
            program.killasgroup = program.stopasgroup
        pool.programs.append(program)
    groups[name] = pool


def micros(text):
    """`12.05` as 12050000; exact, no float in between."""
    whole, _, part = text.partition(".")
    if len(part) > 6:
        raise ValueError(f"{text!r} has more than six decimals")
    return _whole(whole) * 1_000_000 + (_whole(part.ljust(6, "0")) if part else 0)


def _happening(words, scenario):
    if len(words) < 2:
        raise ValueError("at WHEN WHAT")
    when, verb, args = micros(words[0]), words[1], tuple(words[2:])
    if scenario.happenings and when < scenario.happenings[-1].micros:
        raise ValueError("time runs backwards")
    if verb in REQUESTS:
        shape = REQUESTS[verb]
        if len(args) != len(shape):
            raise ValueError(f"{verb} takes {' '.join(shape) or 'nothing'}")
        if "wait" in shape:
            _choice(WAITS)(args[-1])
    else:
        _check_plain(verb, args, scenario)
    return Happening(when, verb, args)


def _check_plain(verb, args, scenario):
    """Checks a happening that calls no method."""
    match verb, args:
        case "tick", ():
            return
        case "signalled", (name,):
            _choice(DAEMON_SIGNALS)(name)
            return
        case "exit", (_, "code", number) if _whole(number) <= 255:
            pass
        case "exit", (_, "signal", number) if 1 <= _whole(number) <= 64:
            pass
        case "fork", (_, "works"):
            pass
        case "fork", (_, "fails", name) if hasattr(errno, name):
            pass
        case "command", (_, "ok" | "missing" | "noexec"):
            pass
        case "gone" | "deaf", (_,):
            pass
        case "says", (_, text) if unescaped(text):
            pass
        case _:
            raise ValueError(f"cannot read {' '.join((verb, *args))!r}")
    if scenario.key(args[0]) is None:
        raise ValueError(f"no program {args[0]}")
