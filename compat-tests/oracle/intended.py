"""Where our machine differs from the reference on purpose, each difference by name and with its reason.

The oracle compares traces line by line, so a wanted difference must be taken out of the comparison somewhere. It is done here and
nowhere else: either as a wrapper around a method of the reference or as a rule that the driver asks for. Everything else in this folder
runs the reference as it is. A difference that is found later is added here by name, or it is a bug of ours.
"""

import functools

from supervisor import events
from supervisor.process import EventListenerPool, ProcessGroup, Subprocess
from supervisor.states import ProcessStates

RESTART_PAUSE = 1_000_000  # microseconds


def restart_pause():
    """An exited process is restarted at once when its last start is a second old, else one second after that start.

    The reference restarts on its next turn, which comes within a second of sleep or much earlier when anything wakes it (PST-009). Its
    tick is what keeps a program that dies at once from spinning the machine. We have no tick and keep the brake as a rule.
    """
    original = Subprocess.transition

    @functools.wraps(original)
    def transition(self):
        if self.state == ProcessStates.EXITED:
            clock = self.config.options.clock
            if clock.micros - clock.as_micros(self.laststart) < RESTART_PAUSE:
                return
        original(self)

    Subprocess.transition = transition


def removed_group_rests():
    """A group that a method removed in this turn makes no further step in this turn.

    `Supervisor.runforever` takes its list of groups before it serves the clients. A program that waits for its restart when its group is
    removed is therefore started once more, as a child that belongs to no group, cannot be seen by any client and outlives the daemon.
    """

    def resting(original):
        @functools.wraps(original)
        def transition(self):
            active = self.config.options.supervisor.process_groups
            if active.get(self.config.name) is self:
                original(self)

        return transition

    ProcessGroup.transition = resting(ProcessGroup.transition)
    EventListenerPool.transition = resting(EventListenerPool.transition)


def next_group_at_once(supervisor):
    """How many groups still wait for their stop. A turn that only retires a group is a turn in which something happened.

    The reference retires one group per turn of up to a second, so that ten idle groups take ten seconds (SHD-006). We go on in the same
    instant, so settling does too.
    """
    return len(supervisor.stop_groups or ())


def last_answers_are_sent(waiting):
    """Requests that wait are asked after every turn, also after the last one, so that a waited stop of the last process is answered.

    The reference asks them in the middle of a turn and leaves the loop at the head of one, so a client whose process is the last to stop
    at shutdown sees its connection closed without an answer.
    """
    return list(waiting)


def is_compared(event):
    """TICK events come at every period of the clock, wanted or not; the trace shows those that a listener gets."""
    return not isinstance(event, events.TickEvent)


def rejected_events_go_home():
    """A rejected event goes back to the pool of the listener that rejected it.

    `EventListenerPool.handle_rejected` asks whether the process is among its own by comparing processes, and two processes are equal
    when their priorities are: every pool takes the event (QRK-019).
    """

    def handle_rejected(self, event):
        if event.process.group is self:
            self._acceptEvent(event.event, head=True)

    EventListenerPool.handle_rejected = handle_rejected


def overlapping_subscriptions_count_once():
    """A pool that subscribes to an event and to its abstract type gets it once and not twice (QRK-020)."""
    original = EventListenerPool._acceptEvent

    @functools.wraps(original)
    def accept(self, event, head=False):
        if head or self.config.name not in getattr(event, "pool_serials", ()):
            original(self, event, head)

    EventListenerPool._acceptEvent = accept


def deaf_listeners_are_not_asked_all_day():
    """A pool tries to get rid of its events when something has changed since it last tried.

    The reference tries in every turn of its loop: a listener that has closed its stdin but says READY costs two lines of the debug log
    each time.
    """
    original = EventListenerPool.dispatch

    def situation(self):
        members = [(p.pid, p.state, p.listener_state) for p in self.processes.values()]
        return members, [event.serial for event in self.event_buffer]

    @functools.wraps(original)
    def dispatch(self):
        if getattr(self, "last_situation", None) != situation(self):
            original(self)
            self.last_situation = situation(self)

    EventListenerPool.dispatch = dispatch


def install():
    """Puts the wrappers around the reference's methods; once per interpreter."""
    if not getattr(Subprocess, "oracle_differences", False):
        Subprocess.oracle_differences = True
        restart_pause()
        removed_group_rests()
        rejected_events_go_home()
        overlapping_subscriptions_count_once()
        deaf_listeners_are_not_asked_all_day()
