"""Random scenarios with the reference's trace: `python -m oracle.walk --seed N --steps 1000 > FILE`.

The same seed and number of steps always give the same text. The reference runs while the walk is made, so that the next happening
can be one that means something in the present states; what it does not know is what comes of it. Two rules keep the comparison fair. No step
falls near a boundary: every deadline lies whole seconds after the step that made it, so no two steps of the last half minute may
have almost the same fraction of a second. And nothing is generated that the reference never settles or breaks on.
"""

import argparse
import dataclasses
import random
import signal
import sys

from supervisor.states import EventListenerStates, ProcessStates

from . import reference, scenario
from .scenario import Group, Happening, Pool, Program

SLOT = 2000  # microseconds; two steps of the last half minute are further apart than that, and a step takes much less
MEMORY = 30_000_000  # microseconds; longer than any deadline a walk can make
SECOND = 1_000_000
SLOTS = SECOND // SLOT

GROUPS = ["web", "app", "zeta", "batch"]
PROGRAMS = ["api", "worker", "db", "cron", "mail", "queue", "proxy", "cache"]
POOLS = ["lis", "mail-me", "probe"]
EVENTS = ["EVENT", "PROCESS_STATE", "PROCESS_STATE_RUNNING", "PROCESS_STATE_EXITED", "TICK", "TICK_5", "REMOTE_COMMUNICATION", "PROCESS_GROUP"]
ERRNOS = ["EAGAIN", "EAGAIN", "ENOMEM", "EPERM"]
SIGNALS = ["USR1", "SIGUSR2", "hup", "2", "TERM", "KILL", "nonsense", "0"]
STOPPED = (ProcessStates.STOPPED, ProcessStates.EXITED, ProcessStates.FATAL)
SHARE_THAT_ENDS = 0.5


class Walk:
    def __init__(self, seed, steps):
        self.random = random.Random(seed)
        self.steps = steps
        self.lines = [f"# walk --seed {seed} --steps {steps}", *self._declarations(), ""]
        self.scenario = scenario.parse("\n".join(self.lines))
        self.programs = [p for group in self.scenario.groups.values() for p in group.programs]
        self.driver = reference.Driver(self.scenario)
        self.micros = 0
        self.slots = {}  # which part of a second -> when a step last fell there
        self.requests = 0
        self.bad_forks = set()
        self.bad_commands = set()
        self.speech = {}  # pid of a listener -> what it is going to say next
        self.traces = []

    def text(self):
        """Walks, and gives the whole scenario."""
        end = None
        if self.random.random() < SHARE_THAT_ENDS:
            end = self.steps - self.random.randint(15, 60)
        for step in range(self.steps):
            if self.driver.over:
                break
            if end is not None and step >= end:
                words = self._ending() if step == max(end, 0) else self._while_stopping()
            else:
                words = self._living()
            self._do(*words)
        self.scenario.lines = self.lines
        return scenario.render(self.scenario, self.driver.start, self.traces)

    # the declarations

    def _declarations(self):
        r = self.random
        programs = r.sample(PROGRAMS, r.randint(5, len(PROGRAMS)))
        groups = [Group(name, self._priority()) for name in r.sample(GROUPS, r.randint(1, 3))]
        alone = r.randint(0 if len(groups) > 1 else 1, 2)
        lines = []
        for name in programs[:alone]:
            lines.append([scenario.declaration(self._program(name, name))])
        for index, group in enumerate(groups):
            members = programs[alone + index :: len(groups)]
            members = [scenario.declaration(self._program(name, group.name)) for name in members]
            lines.append([scenario.declaration(group), *members])
        for name in r.sample(POOLS, r.choice([0, 1, 1, 2, 3])):
            lines.append([scenario.declaration(self._pool(name))])
        r.shuffle(lines)
        return [line for block in lines for line in block]

    def _priority(self):
        return self.random.choice([1, 5, 5, 10, 999])

    def _pool(self, name):
        r = self.random
        pool = Pool(name, r.choice([-1, -1, -1, 4, 2000]), events=tuple(r.sample(EVENTS, r.randint(1, 3))))
        pool.buffer_size = r.choice([1, 2, 5, 10, 10, 100])
        plain = self._program(name, name)
        numbers = [f"{name}{number}" for number in range(r.randint(1, 3))] if r.random() < 0.6 else [name]
        pool.programs = [dataclasses.replace(plain, name=listener) for listener in numbers]
        return pool

    def _program(self, name, group):
        r = self.random
        as_group = r.choice([(False, False), (False, False), (True, True), (False, True)])
        return Program(
            name,
            group,
            priority=self._priority(),
            autostart=r.random() < 0.7,
            autorestart=r.choice(["true", "false", "unexpected", "unexpected"]),
            startsecs=r.choice([0, 1, 1, 2, 3]),
            startretries=r.choice([0, 1, 2, 3, 3]),
            exitcodes=r.choice([(0,), (0,), (0, 2), (1, 3)]),
            stopsignal=r.choice(["TERM", "TERM", "INT", "QUIT", "HUP", "KILL", "USR1"]),
            stopwaitsecs=r.choice([1, 2, 3, 5, 10]),
            stopasgroup=as_group[0],
            killasgroup=as_group[1],
        )

    # one step

    def _do(self, verb, *words):
        request = None
        if verb in scenario.REQUESTS:
            self.requests += 1
            request = self.requests
        happening = Happening(self._next_moment(), verb, words, request)
        self.scenario.places.append(len(self.lines))
        self.lines.append(str(happening))
        self.traces.append(self.driver.step(happening))

    def _next_moment(self):
        r = self.random
        if self.traces and r.random() < 0.1:
            return self.micros  # right on the heels of what came before
        low, high = (0.05, 0.6) if r.random() < 0.7 else (0.6, 3.0)
        while True:
            moment = self.micros + round(r.uniform(low, high) * SECOND)
            slot = moment % SECOND // SLOT
            if slot in (0, SLOTS - 1):
                continue  # ticks come with the full second
            neighbours = (self.slots.get((slot + way) % SLOTS) for way in (-1, 0, 1))
            if not any(when is not None and when > moment - MEMORY for when in neighbours):
                break
        self.micros = self.slots[slot] = moment
        return moment

    # what could happen next

    def _living(self):
        """A happening of ordinary life."""
        r = self.random
        while True:
            make = r.choices(_LIVING, _LIVING_WEIGHTS)[0]
            words = make(self)
            if words:
                return words

    def _ending(self):
        return self.random.choice(
            [("shutdown",), ("restart",), ("signalled", "TERM"), ("signalled", "INT"), ("signalled", "QUIT"), ("signalled", "HUP")]
        )

    def _while_stopping(self):
        roll = self.random.random()
        if roll < 0.1 and (words := self._says()):
            return words
        if roll < 0.5:
            return self._exit() or ("tick",)
        if roll < 0.75:
            return ("tick",)
        if roll < 0.83:
            return self._ending()
        return self._living()

    def _tick(self):
        return ("tick",)

    def _having(self, *states):
        """The programs whose process is in one of these states."""
        return [p for p in self.programs if (process := self.driver.process(p.key)) and process.state in states]

    def _exit(self):
        r = self.random
        stopping = self._having(ProcessStates.STOPPING)
        others = self._having(ProcessStates.RUNNING, ProcessStates.STARTING)
        if stopping and (not others or r.random() < 0.7):
            how = r.choice([("signal", "15"), ("signal", "15"), ("signal", "9"), ("code", "0"), ("code", "1")])
            return ("exit", self._bare(r.choice(stopping)), *how)
        if others:
            how = ("signal", str(r.choice([9, 11, 15]))) if r.random() < 0.25 else ("code", str(r.choice([0, 0, 1, 2, 3])))
            return ("exit", self._bare(r.choice(others)), *how)
        if r.random() < 0.1:  # it has no child: nothing but the time passes
            return ("exit", self._bare(r.choice(self.programs)), "code", "0")
        return None

    def _bare(self, program):
        return program.name if program.name == program.group else program.key

    def _sent(self, program):
        """A name as a client may write it."""
        return program.name if program.name == program.group and self.random.random() < 0.5 else program.key

    def _wait(self):
        return "wait" if self.random.random() < 0.6 else "nowait"

    def _start(self):
        r = self.random
        ready = self._having(*STOPPED) if r.random() < 0.75 else self.programs
        return ("start", self._sent(r.choice(ready)), self._wait()) if ready else None

    def _stop(self):
        r = self.random
        up = self._having(ProcessStates.RUNNING, ProcessStates.STARTING, ProcessStates.BACKOFF)
        ready = up if r.random() < 0.85 else self.programs
        return ("stop", self._sent(r.choice(ready)), self._wait()) if ready else None

    def _group_name(self):
        return self.random.choice(list(self.scenario.groups))

    def _start_group(self):
        if self.random.random() < 0.2:
            return ("start", self._group_name() + ":*", self._wait())
        return ("start-group", self._group_name(), self._wait())

    def _stop_group(self):
        if self.random.random() < 0.2:
            return ("stop", self._group_name() + ":*", self._wait())
        return ("stop-group", self._group_name(), self._wait())

    def _start_all(self):
        return ("start-all", self._wait())

    def _stop_all(self):
        return ("stop-all", self._wait())

    def _signal(self):
        r = self.random
        return ("signal", self._sent(r.choice(self.programs)), r.choice(SIGNALS))

    def _signal_many(self):
        r = self.random
        name = r.choice(SIGNALS)
        return r.choice(
            [("signal-group", self._group_name(), name), ("signal", self._group_name() + ":*", name), ("signal-all", name)]
        )

    def _fork(self):
        r = self.random
        if self.bad_forks and r.random() < 0.65:
            key = r.choice(sorted(self.bad_forks))
            self.bad_forks.discard(key)
            return ("fork", key, "works")
        key = r.choice(self.programs).key
        self.bad_forks.add(key)
        return ("fork", key, "fails", r.choice(ERRNOS))

    def _command(self):
        r = self.random
        if self.bad_commands and r.random() < 0.65:
            key = r.choice(sorted(self.bad_commands))
            self.bad_commands.discard(key)
            return ("command", key, "ok")
        key = r.choice(self.programs).key
        self.bad_commands.add(key)
        return ("command", key, r.choice(["missing", "noexec"]))

    def _gone(self):
        up = self._having(ProcessStates.RUNNING, ProcessStates.STARTING, ProcessStates.STOPPING)
        return ("gone", self.random.choice(up).key) if up else None

    def _remove(self):
        """Mostly a group that can go: otherwise this would hardly ever succeed."""
        r = self.random
        active = self.driver.supervisor.process_groups
        idle = [name for name, group in active.items() if not group.get_unstopped_processes()]
        if idle and r.random() < 0.8:
            return ("remove", r.choice(idle))
        return ("remove", self._group_name()) if r.random() < 0.2 else None

    def _add(self):
        r = self.random
        absent = [name for name in self.scenario.groups if name not in self.driver.supervisor.process_groups]
        if absent:
            return ("add", r.choice(absent))
        return ("add", self._group_name()) if r.random() < 0.1 else None

    def _listeners(self):
        """The listeners that have a child."""
        pools = [group for group in self.scenario.groups.values() if isinstance(group, Pool)]
        having = [p for pool in pools for p in pool.programs if (process := self.driver.process(p.key)) and process.pid]
        return having

    def _says(self):
        """What a listener would say next, in pieces of any size; now and then something that it should not say."""
        r = self.random
        talkative = [p for p in self._listeners() if self._speech(p)]
        if not talkative:
            return None
        program = r.choice(talkative)
        pid = self.driver.process(program.key).pid
        whole = self.speech[pid]
        length = len(whole) if r.random() < 0.6 else r.randint(1, len(whole))
        self.speech[pid] = whole[length:]
        return ("says", self._bare(program), scenario.escaped(whole[:length]))

    def _speech(self, program):
        process = self.driver.process(program.key)
        if not self.speech.get(process.pid):
            self.speech[process.pid] = self._thought(process.listener_state)
        return self.speech[process.pid]

    def _thought(self, state):
        r = self.random
        match state:
            case EventListenerStates.ACKNOWLEDGED:
                return r.choices([b"READY\n", b"READY\nREADY\n", b"hello world\n"], [90, 2, 3])[0]
            case EventListenerStates.BUSY:
                results = [b"RESULT 2\nOK", b"RESULT 4\nFAIL", b"RESULT 0\n", b"RESULT 3\nOK\n", b"FOOBAR 2\nOK", b"huh\n", b"RESULT \xff\n"]
                result = r.choices(results, [70, 12, 3, 3, 2, 2, 1])[0]
                return result + (b"READY\n" if r.random() < 0.7 else b"")
            case _ if r.random() < 0.02:
                return b"anything"
        return b""

    def _deaf(self):
        listeners = self._listeners()
        return ("deaf", self._bare(self.random.choice(listeners))) if listeners else None

    def _remote(self):
        return ("remote", self.random.choice(["kind", "a:b"]), self.random.choice(["data", "ž"]))

    def _wrong_name(self):
        r = self.random
        group = self._group_name()
        return r.choice(
            [
                ("start", "nobody", "wait"),
                ("stop", f"{group}:nobody", "wait"),
                ("start-group", "nobody", "nowait"),
                ("stop-group", "nobody", "wait"),
                ("signal", f"{group}:nobody", "TERM"),
                ("signal-group", "nobody", "TERM"),
                ("remove", "nobody"),
                ("add", "nobody"),
            ]
        )


_CHANCES = [
    (24, Walk._tick),
    (26, Walk._exit),
    (15, Walk._start),
    (11, Walk._stop),
    (3, Walk._start_group),
    (2, Walk._stop_group),
    (1.5, Walk._start_all),
    (0.8, Walk._stop_all),
    (2.5, Walk._signal),
    (1, Walk._signal_many),
    (4, Walk._fork),
    (3, Walk._command),
    (1.5, Walk._gone),
    (2, Walk._remove),
    (4, Walk._add),
    (0.8, Walk._wrong_name),
    (25, Walk._says),
    (0.7, Walk._deaf),
    (3, Walk._remote),
]
_LIVING = [make for _, make in _CHANCES]
_LIVING_WEIGHTS = [weight for weight, _ in _CHANCES]


def walk(seed, steps):
    """The text of a random scenario with the reference's trace."""
    return Walk(seed, steps).text()


def main():
    parser = argparse.ArgumentParser(prog="oracle.walk", description="Writes a random scenario with the reference's trace.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=1000)
    args = parser.parse_args()
    sys.stdout.write(walk(args.seed, args.steps))


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
