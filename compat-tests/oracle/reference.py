"""Drives the reference's own `Supervisor`, groups, processes and methods in virtual time and writes down what they do.

What is real: `Supervisor` (its `runforever`, one turn per call), `ProcessGroup`, `Subprocess`, the configuration classes and
`SupervisorNamespaceRPCInterface`, all as installed. What is replaced: the `options` object, which is their door to the kernel (fork, kill,
waitpid, signals, the poller), and the `time` their modules see. The poller is where a client's call comes in, as it is in real life.
No other module of this folder imports the reference, beside `intended`.
"""

import errno
import os
import signal
import time as real_time
from collections import deque
from types import SimpleNamespace

import supervisor.process
import supervisor.rpcinterface
import supervisor.supervisord
from supervisor import events
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.dispatchers import PEventListenerDispatcher, PInputDispatcher, default_handler
from supervisor.http import NOT_DONE_YET
from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import EventListenerPoolConfig, ProcessConfig, ProcessGroupConfig, ServerOptions, signame
from supervisor.rpcinterface import SupervisorNamespaceRPCInterface
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor
from supervisor.xmlrpc import RPCError

from . import intended
from .scenario import WAITS, Pool

BASE = 1_600_000_000  # the Unix time of `at 0`
FIRST_PID = 101
MAX_TURNS = 200  # in one happening; nothing that settles comes near

AUTORESTART = {"true": RestartUnconditionally, "false": False, "unexpected": RestartWhenExitUnexpected}
EVENT_NAMES = {kind: name for name, kind in vars(events.EventTypes).items() if isinstance(kind, type)}


class NeverSettles(Exception):
    """The reference goes on and on at one virtual time."""


class Clock:
    """Stands in for the `time` module. Asking for the time takes a microsecond."""

    def __init__(self):
        self.micros = BASE * 1_000_000

    def time(self):
        self.micros += 1
        return self.micros / 1e6

    def set(self, micros):
        self.micros = max(self.micros, BASE * 1_000_000 + micros)

    @staticmethod
    def as_micros(seconds):
        return round(seconds * 1e6)

    def __getattr__(self, name):
        return getattr(real_time, name)


class Logger:
    """Writes the levels that are compared into the trace and drops the two below them."""

    handlers = ()

    def __init__(self, trace):
        for level, name in (
            ("critical", "CRIT"),
            ("error", "ERRO"),
            ("warn", "WARN"),
            ("info", "INFO"),
            ("debug", "DEBG"),
        ):
            setattr(self, level, self._writer(trace, name))

    @staticmethod
    def _writer(trace, name):
        def write(text, **values):
            if "stopped monitoring" in text or " stdout output:" in text:
                return  # of pipes, which are not the machine's
            trace.append(f"log {name} {text % values if values else text}".replace("\n", "\\n"))

        return write

    def trace(self, text, **values):
        pass

    blather = trace


class Program(ProcessConfig):
    """The reference's configuration of a program, without pipes."""

    def make_dispatchers(self, process):
        self.options.forking = process
        return {}, {}


class Listener(Program):
    """The same for an event listener, with the reference's dispatchers on pipes that are none."""

    def make_dispatchers(self, process):
        self.options.forking = process
        out, inp = self.options.new_pipes(process)
        dispatchers = {out: PEventListenerDispatcher(process, "stdout", out), inp: PInputDispatcher(process, "stdin", inp)}
        return dispatchers, {"stdout": out, "stdin": inp}


class LoopEvents:
    """Stands in for the `events` module in the loop, which runs one turn at a time and would announce itself in each."""

    SupervisorRunningEvent = staticmethod(lambda: None)
    SupervisorStoppingEvent = events.SupervisorStoppingEvent
    ProcessGroupAddedEvent = events.ProcessGroupAddedEvent
    ProcessGroupRemovedEvent = events.ProcessGroupRemovedEvent
    TICK_EVENTS = events.TICK_EVENTS

    @staticmethod
    def notify(event):
        if event:
            events.notify(event)


class Options:
    """What the reference's classes see of the world. Also its own poller: `poll` is where a method is called."""

    test = True  # one turn per runforever()
    identifier = "oracle"
    get_autochildlog_name = None  # never called: no program here has an AUTO log
    strip_ansi = False

    def __init__(self, clock, trace):
        self.clock = clock
        self.output = trace
        self.logger = Logger(trace)
        self.mood = SupervisorStates.RUNNING
        self.pidhistory = {}
        self.process_group_configs = []
        self.poller = self
        self.supervisor = None
        self.call = None  # what the next poll runs
        self.forking = None
        self.next_pid = FIRST_PID
        self.owners = {}  # pid -> GROUP:NAME
        self.dead = deque()  # (pid, status), for waitpid
        self.signals = deque()
        self.fork_errors = {}  # GROUP:NAME -> errno
        self.commands = {}  # GROUP:NAME -> missing, noexec
        self.gone = set()
        self.next_descriptor = 1000
        self.pipes = {}  # descriptor -> process
        self.said = {}  # descriptor of a listener's stdout -> bytes that it has said

    # pipes

    def new_pipes(self, process):
        out, inp = self.next_descriptor, self.next_descriptor + 1
        self.next_descriptor += 2
        self.pipes[out] = self.pipes[inp] = process
        return out, inp

    def readfd(self, fd):
        return self.said.pop(fd, b"")

    def write(self, fd, data):
        self.output.append(f"write {full_name(self.pipes[fd])} {data.decode()}".replace("\n", "\\n"))
        return len(data)

    def register_readable(self, _fd):
        pass

    unregister_readable = register_writable = unregister_writable = register_readable

    # the loop

    def get_socket_map(self):
        return {}

    def poll(self, _timeout):
        call, self.call = self.call, None
        if call:
            call()
        return list(self.said), []

    def get_signal(self):
        return self.signals.popleft() if self.signals else None

    def waitpid(self):
        if not self.dead:
            return None, None
        pid, status = self.dead.popleft()
        self.gone.discard(self.owners.pop(pid))
        return pid, status

    # children

    def get_path(self):
        return [""]

    def stat(self, filename):
        """The command as a file; `forking` is not known yet here, but the command is the program's name."""
        what = self.commands.get(filename)
        if what == "missing":
            raise OSError(errno.ENOENT, filename)
        mode = 0o100644 if what == "noexec" else 0o100755
        return os.stat_result((mode, 0, 0, 1, 0, 0, 0, 0, 0, 0))

    def check_execv_args(self, filename, argv, status):
        if filename in self.commands:
            ServerOptions.check_execv_args(self, filename, argv, status)

    def fork(self):
        key = full_name(self.forking)
        error = self.fork_errors.get(key)
        if error:
            self.output.append(f"spawn {key} fails {errno.errorcode[error]}")
            raise OSError(error, os.strerror(error))
        pid = self.next_pid
        self.next_pid += 1
        self.owners[pid] = key
        self.output.append(f"spawn {key} -> pid {pid}")
        return pid

    def kill(self, pid, sig):
        line = f"kill {pid} {signame(sig)}"
        if self.owners.get(abs(pid)) in self.gone:
            self.output.append(line + " ESRCH")
            raise OSError(errno.ESRCH, os.strerror(errno.ESRCH))
        self.output.append(line)

    def close_parent_pipes(self, _pipes):
        pass

    close_child_pipes = close_parent_pipes


def full_name(process):
    return f"{process.group.config.name}:{process.config.name}"


class Driver:
    """One run of the reference. `start` is the trace before the first happening; `step` takes the happenings in order."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.trace = []
        self.clock = Clock()
        self.options = Options(self.clock, self.trace)
        self.supervisor = Supervisor(self.options)
        self.options.supervisor = self.supervisor
        self.rpc = SupervisorNamespaceRPCInterface(self.supervisor)
        self.waiting = []  # (number, callback)
        self.over = False
        self.subscribers = [(events.Event, self._event)]
        self.serials = SimpleNamespace(serial=-1)
        self._take_over()
        configs = [self._group_config(group) for group in scenario.groups.values()]
        self.options.process_group_configs = sorted(configs)
        for config in self.options.process_group_configs:
            self.supervisor.add_process_group(config)
        events.notify(events.SupervisorRunningEvent())
        self.start = self._taken()

    def process(self, key):
        """The process of this full name; None when its group is not active."""
        group, _, name = key.partition(":")
        group = self.supervisor.process_groups.get(group)
        return group.processes[name] if group else None

    def step(self, happening):
        """The trace of this happening, after that of what was due before it."""
        self._take_over()
        self.clock.set(happening.micros)
        self._settle()
        if happening.verb != "tick" and not self.over:
            self._prepare(happening)
            self._settle()
        return self._taken()

    def _settle(self):
        """Takes turns, at least one, until one of them does nothing."""
        for _ in range(MAX_TURNS):
            if self.over:
                return
            before = self._progress()
            self._turn()
            if before == self._progress():
                return
        raise NeverSettles(f"{MAX_TURNS} turns at {self.clock.micros / 1e6:.6f} were not enough")

    def _progress(self):
        """Changes with everything that a turn does: a tick is not in the trace, but a pool may have taken it."""
        return len(self.trace), intended.next_group_at_once(self.supervisor), self.serials.serial

    def _take_over(self):
        """The reference keeps its clock, its subscribers and its serial in modules; of several drivers the one that moves owns them."""
        for module in (supervisor.process, supervisor.supervisord, supervisor.rpcinterface):
            module.time = self.clock
        events.callbacks = self.subscribers
        supervisor.process.GlobalSerial = self.serials
        supervisor.supervisord.events = LoopEvents

    def _taken(self):
        taken = self.trace[:]
        self.trace.clear()
        return taken

    def _event(self, event):
        if intended.is_compared(event):
            payload = event.payload().replace("\n", "\\n")
            self.trace.append(f"{EVENT_NAMES[type(event)]} {payload}".rstrip())

    def _turn(self):
        try:
            self.supervisor.runforever()
        except ExitNow:
            ending = "restart" if self.options.mood == SupervisorStates.RESTARTING else "shutdown"
            self.trace.append(f"finished {ending}")
            self.over = True
            return
        except Exception as why:  # the reference broke: that is what the trace must say
            self._raised(why)
            self.over = True
            return
        for waiter in intended.last_answers_are_sent(self.waiting):
            if self._answer(*waiter):
                self.waiting.remove(waiter)

    def _raised(self, why):
        text = f"{type(why).__name__}: {why}".replace("\n", "\\n")
        self.trace.append(f"raised {text}")

    def _prepare(self, happening):
        """Lays out what the coming turn is to find."""
        options, words = self.options, happening.words
        if happening.request is not None:
            options.call = lambda: self._request(happening)
            return
        if happening.verb == "tick":
            return
        if happening.verb == "signalled":
            options.signals.append(getattr(signal, "SIG" + words[0]))
            return
        key = self.scenario.key(words[0])
        match happening.verb, words[1:]:
            case "exit", (how, number):
                process = self.process(key)
                if process and process.pid:
                    options.dead.append((process.pid, int(number) << 8 if how == "code" else int(number)))
            case "fork", ("works",):
                options.fork_errors.pop(key, None)
            case "fork", ("fails", name):
                options.fork_errors[key] = getattr(errno, name)
            case "command", ("ok",):
                options.commands.pop(key.partition(":")[2], None)
            case "command", (what,):
                options.commands[key.partition(":")[2]] = what
            case "gone", ():
                options.gone.add(key)
            case "deaf", ():
                process = self.process(key)
                if process and process.pid:
                    process.dispatchers[process.pipes["stdin"]].closed = True
            case "says", (_,):
                process = self.process(key)
                if process and process.pid:
                    options.said[process.pipes["stdout"]] = happening.said

    def _request(self, happening):
        """Calls the method and gives its answer, or polls it for the first time, as the HTTP channel does when a call comes in."""
        number = happening.request
        try:
            value = self._call(happening.verb, happening.words)
        except RPCError as fault:
            self._reply_fault(number, fault)
        except Exception as why:
            self._raised(why)
        else:
            if not callable(value):
                self._reply(number, value)
            elif not self._answer(number, value):
                self.waiting.append((number, value))

    def _call(self, verb, words):
        rpc = self.rpc
        match verb:
            case "start":
                return rpc.startProcess(words[0], WAITS[words[1]])
            case "stop":
                return rpc.stopProcess(words[0], WAITS[words[1]])
            case "start-group":
                return rpc.startProcessGroup(words[0], WAITS[words[1]])
            case "stop-group":
                return rpc.stopProcessGroup(words[0], WAITS[words[1]])
            case "start-all":
                return rpc.startAllProcesses(WAITS[words[0]])
            case "stop-all":
                return rpc.stopAllProcesses(WAITS[words[0]])
            case "signal":
                return rpc.signalProcess(*words)
            case "signal-group":
                return rpc.signalProcessGroup(*words)
            case "signal-all":
                return rpc.signalAllProcesses(*words)
            case "add":
                return rpc.addProcessGroup(*words)
            case "remove":
                return rpc.removeProcessGroup(*words)
            case "shutdown":
                return rpc.shutdown()
            case "restart":
                return rpc.restart()
            case "remote":
                return rpc.sendRemoteCommEvent(*words)

    def _answer(self, number, callback):
        """Polls a deferred answer; True when there was one."""
        try:
            value = callback()
        except RPCError as fault:
            self._reply_fault(number, fault)
            return True
        except Exception as why:
            self._raised(why)
            return True
        if value is NOT_DONE_YET:
            return False
        self._reply(number, value)
        return True

    def _reply(self, number, value):
        if value is True:
            self.trace.append(f"reply {number} true")
            return
        results = ", ".join(f"{r['group']}:{r['name']} {r['status']} {r['description']}" for r in value)
        self.trace.append(f"reply {number} [{results}]")

    def _reply_fault(self, number, fault):
        self.trace.append(f"reply {number} fault {fault.code} {fault.text}")

    def _group_config(self, group):
        if isinstance(group, Pool):
            listeners = [self._program_config(program, Listener) for program in group.programs]
            types = [getattr(events.EventTypes, name) for name in group.events]
            return EventListenerPoolConfig(
                self.options, group.name, group.priority, listeners, group.buffer_size, types, default_handler
            )
        programs = [self._program_config(program) for program in group.programs]
        return ProcessGroupConfig(self.options, group.name, group.priority, programs)

    def _program_config(self, program, kind=Program):
        values = dict.fromkeys(ProcessConfig.req_param_names)
        values.update(
            name=program.name,
            command=program.name,
            priority=program.priority,
            autostart=program.autostart,
            autorestart=AUTORESTART[program.autorestart],
            startsecs=program.startsecs,
            startretries=program.startretries,
            exitcodes=list(program.exitcodes),
            stopsignal=getattr(signal, "SIG" + program.stopsignal),
            stopwaitsecs=program.stopwaitsecs,
            stopasgroup=program.stopasgroup,
            killasgroup=program.killasgroup,
            redirect_stderr=False,
        )
        return kind(self.options, **values)


def run(scenario):
    """The start's trace and one trace per happening."""
    driver = Driver(scenario)
    return driver.start, [driver.step(happening) for happening in scenario.happenings]


intended.install()
