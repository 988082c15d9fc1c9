//! What orchestrators ask again and again, answered in one word that tells a stranger nothing.

use crate::daemon::handle::Handle;
use crate::model::states::{ProcessState, SupervisorState};

/// Which question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// `/healthz`: is supervisord there?
    Live,
    /// `/readyz`: is every program RUNNING that is started by itself?
    Ready,
}

impl Health {
    pub fn at(path: &str) -> Option<Self> {
        match path {
            "/healthz" => Some(Self::Live),
            "/readyz" => Some(Self::Ready),
            _ => None,
        }
    }

    /// Whether the answer is yes.
    pub fn look(self, handle: &Handle) -> bool {
        match self {
            Self::Live => true,
            Self::Ready => handle.read(|supervisor, _| {
                let mut wanted = supervisor.autostart_states();
                supervisor.state() == SupervisorState::Running
                    && wanted.all(|state| state == ProcessState::Running)
            }),
        }
    }

    /// The whole body.
    pub fn word(self, well: bool) -> &'static str {
        match (self, well) {
            (Self::Live, _) => "ok",
            (Self::Ready, true) => "ready",
            (Self::Ready, false) => "unready",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn each_question_has_its_path_and_its_word() {
        assert_eq!(Health::at("/healthz"), Some(Health::Live));
        assert_eq!(Health::at("/readyz/"), None);
        assert_eq!(Health::Live.word(true), "ok");
        assert_eq!(Health::Ready.word(true), "ready");
        assert_eq!(Health::Ready.word(false), "unready");
    }
}
