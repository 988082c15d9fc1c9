//! Events: what the machine tells the world, with the names and payloads that listeners see (section 7 of the
//! daemon's contract, EVT rows).

use std::borrow::Cow;

use crate::model::states::ProcessState;
use crate::stream::text::shown;

/// One of a child's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    /// `stdout` or `stderr`, as names and payloads spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Something that happened, frozen at that moment (EVT-023).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    ProcessState {
        state: ProcessState,
        process: String,
        group: String,
        from: ProcessState,
        extra: StateExtra,
    },
    ProcessLog {
        channel: Channel,
        process: String,
        group: String,
        pid: i32,
        data: Vec<u8>,
    },
    ProcessCommunication {
        channel: Channel,
        process: String,
        group: String,
        pid: i32,
        data: Vec<u8>,
    },
    RemoteCommunication {
        kind: String,
        data: String,
    },
    SupervisorRunning,
    SupervisorStopping,
    GroupAdded {
        name: String,
    },
    GroupRemoved {
        name: String,
    },
    /// A new period of the wall clock has begun; both in seconds (EVT-030).
    Tick {
        period: i64,
        when: i64,
    },
}

/// What a state event says beyond the names (EVT-019 to 021).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateExtra {
    None,
    Tries(u64),
    Pid(i32),
    Exit { expected: bool, pid: i32 },
}

impl Event {
    /// The concrete event name as the header carries it (EVT-001 to 009).
    pub fn name(&self) -> &'static str {
        match self {
            Self::ProcessState { state, .. } => match state {
                ProcessState::Stopped => "PROCESS_STATE_STOPPED",
                ProcessState::Starting => "PROCESS_STATE_STARTING",
                ProcessState::Running => "PROCESS_STATE_RUNNING",
                ProcessState::Backoff => "PROCESS_STATE_BACKOFF",
                ProcessState::Stopping => "PROCESS_STATE_STOPPING",
                ProcessState::Exited => "PROCESS_STATE_EXITED",
                ProcessState::Fatal => "PROCESS_STATE_FATAL",
                ProcessState::Unknown => "PROCESS_STATE_UNKNOWN",
            },
            Self::ProcessLog {
                channel: Channel::Stdout,
                ..
            } => "PROCESS_LOG_STDOUT",
            Self::ProcessLog {
                channel: Channel::Stderr,
                ..
            } => "PROCESS_LOG_STDERR",
            Self::ProcessCommunication {
                channel: Channel::Stdout,
                ..
            } => "PROCESS_COMMUNICATION_STDOUT",
            Self::ProcessCommunication {
                channel: Channel::Stderr,
                ..
            } => "PROCESS_COMMUNICATION_STDERR",
            Self::RemoteCommunication { .. } => "REMOTE_COMMUNICATION",
            Self::SupervisorRunning => "SUPERVISOR_STATE_CHANGE_RUNNING",
            Self::SupervisorStopping => "SUPERVISOR_STATE_CHANGE_STOPPING",
            Self::GroupAdded { .. } => "PROCESS_GROUP_ADDED",
            Self::GroupRemoved { .. } => "PROCESS_GROUP_REMOVED",
            Self::Tick { period: 5, .. } => "TICK_5",
            Self::Tick { period: 60, .. } => "TICK_60",
            Self::Tick { .. } => "TICK_3600",
        }
    }

    /// The payload, exactly (EVT-018 to 030).
    pub fn payload(&self) -> String {
        let (head, data) = self.payload_parts();
        head + &data
    }

    /// The payload in two parts, so that what a child has written, which may be long, need not be copied. Data that is
    /// not UTF-8 is shown as Python shows bytes (EVT-026).
    pub fn payload_parts(&self) -> (String, Cow<'_, str>) {
        let head = match self {
            Self::ProcessState {
                process,
                group,
                from,
                extra,
                ..
            } => {
                let head = format!(
                    "processname:{process} groupname:{group} from_state:{}",
                    from.name()
                );
                match extra {
                    StateExtra::None => head,
                    StateExtra::Tries(tries) => format!("{head} tries:{tries}"),
                    StateExtra::Pid(pid) => format!("{head} pid:{pid}"),
                    StateExtra::Exit { expected, pid } => {
                        format!("{head} expected:{} pid:{pid}", u8::from(*expected))
                    }
                }
            }
            Self::ProcessLog {
                channel,
                process,
                group,
                pid,
                data,
            } => {
                let channel = channel.name();
                let head = format!(
                    "processname:{process} groupname:{group} pid:{pid} channel:{channel}\n"
                );
                return (head, shown(data));
            }
            Self::ProcessCommunication {
                process,
                group,
                pid,
                data,
                ..
            } => {
                let head = format!("processname:{process} groupname:{group} pid:{pid}\n");
                return (head, shown(data));
            }
            Self::RemoteCommunication { kind, data } => {
                return (format!("type:{kind}\n"), Cow::Borrowed(data));
            }
            Self::SupervisorRunning | Self::SupervisorStopping => String::new(),
            Self::GroupAdded { name } | Self::GroupRemoved { name } => {
                format!("groupname:{name}\n")
            }
            Self::Tick { when, .. } => format!("when:{when}"),
        };
        (head, Cow::Borrowed(""))
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, Event, StateExtra};
    use crate::model::states::ProcessState;

    fn state(state: ProcessState, extra: StateExtra) -> String {
        let event = Event::ProcessState {
            state,
            process: "api".into(),
            group: "web".into(),
            from: ProcessState::Starting,
            extra,
        };
        format!("{} {}", event.name(), event.payload())
    }

    // EVT-018 to EVT-021
    #[test]
    fn state_events_name_the_process_and_then_their_extras() {
        assert_eq!(
            state(ProcessState::Backoff, StateExtra::Tries(2)),
            "PROCESS_STATE_BACKOFF processname:api groupname:web from_state:STARTING tries:2"
        );
        assert_eq!(
            state(
                ProcessState::Exited,
                StateExtra::Exit {
                    expected: false,
                    pid: 7
                }
            ),
            "PROCESS_STATE_EXITED processname:api groupname:web from_state:STARTING expected:0 pid:7"
        );
        assert_eq!(
            state(ProcessState::Fatal, StateExtra::None),
            "PROCESS_STATE_FATAL processname:api groupname:web from_state:STARTING"
        );
    }

    // EVT-024, EVT-026, EVT-027, EVT-029
    #[test]
    fn other_payloads_are_as_listeners_know_them() {
        let log = Event::ProcessLog {
            channel: Channel::Stderr,
            process: "a".into(),
            group: "g".into(),
            pid: 5,
            data: b"\x88\n".to_vec(),
        };
        assert_eq!(
            log.payload(),
            "processname:a groupname:g pid:5 channel:stderr\nUndecodable: b'\\x88\\n'"
        );
        let remote = Event::RemoteCommunication {
            kind: "t".into(),
            data: "d".into(),
        };
        assert_eq!(remote.payload(), "type:t\nd");
        assert_eq!(
            Event::GroupAdded { name: "g".into() }.payload(),
            "groupname:g\n"
        );
        let tick = Event::Tick {
            period: 60,
            when: 120,
        };
        assert_eq!(
            format!("{} {}", tick.name(), tick.payload()),
            "TICK_60 when:120"
        );
    }
}
