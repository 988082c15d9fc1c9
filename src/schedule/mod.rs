//! Schedules: programs that the clock starts (GO-217 to GO-225).
//!
//! One timer of the kernel for all of them, set to the wall clock's next due time; it also fires when somebody sets that
//! clock, and everything is worked out anew (`timer`). When a program is due it is started if nothing stands against it
//! (`due`): not while it runs, and not after somebody has stopped it, until somebody starts it again.
//!
//! Times that passed while nobody could look (supervisord did not run, the clock was set forward) are not made up for;
//! times that a clock set back by less than an hour shows once more are not done twice.

mod due;
mod timer;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::task::{AbortHandle, spawn_local};

use self::due::{Agenda, Program};
use self::timer::Timer;
use crate::config::schedule::Schedule;
use crate::config::types::{Autorestart, ProcessConfig};
use crate::daemon::handle::Handle;
use crate::model::log;
use crate::model::namespec::display_name;
use crate::supervisor::turn::ProcessId;

/// All schedules. [`follow`](Self::follow) keeps them in step with the machine.
pub struct Schedules {
    handle: Handle,
    /// While there is a schedule.
    clock: Option<Clock>,
}

/// The agenda with the task that goes by it.
struct Clock {
    agenda: Rc<RefCell<Agenda>>,
    timer: Rc<Timer>,
    task: AbortHandle,
}

impl Schedules {
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            clock: None,
        }
    }

    /// Takes programs on and off the agenda as they come and go. False when there is no schedule.
    pub fn follow(&mut self) -> bool {
        let scheduled = self.who_is_scheduled();
        if scheduled.is_empty() {
            self.clock = None;
            return false;
        }
        if self.clock.is_none() {
            self.clock = Clock::begin(&self.handle);
        }
        let Some(clock) = &self.clock else {
            return false;
        };
        let now = self.handle.read(|_, now| now.unix);
        let mut agenda = clock.agenda.borrow_mut();
        agenda.retain(|id| scheduled.contains_key(&id));
        for (id, (group, config)) in scheduled {
            if agenda.has(id) {
                continue;
            }
            // The configuration was checked when it was read.
            if let Some(schedule) = schedule_of(&config) {
                warn_of_autorestart(&group, &config);
                let program = Program {
                    namespec: format!("{group}:{}", config.name),
                    name: display_name(&group, &config.name),
                    schedule,
                };
                agenda.add(id, program, now);
            }
        }
        clock.timer.set(agenda.next());
        true
    }

    fn who_is_scheduled(&self) -> BTreeMap<ProcessId, (String, Rc<ProcessConfig>)> {
        self.handle.read(|supervisor, _| {
            let scheduled = supervisor.extended().filter_map(|id| {
                let config = supervisor.config(id)?;
                config.extensions.as_ref()?.cron.as_ref()?;
                let (group, _) = supervisor.names(id)?;
                Some((id, (group.to_owned(), Rc::clone(config))))
            });
            scheduled.collect()
        })
    }
}

impl Clock {
    fn begin(handle: &Handle) -> Option<Self> {
        let timer = match Timer::new() {
            Ok(timer) => Rc::new(timer),
            Err(error) => {
                log::error!("no timer for schedules: {error}");
                return None;
            }
        };
        let agenda = Rc::new(RefCell::new(Agenda::default()));
        let task = spawn_local(run(handle.clone(), Rc::clone(&agenda), Rc::clone(&timer)));
        Some(Self {
            agenda,
            timer,
            task: task.abort_handle(),
        })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(handle: Handle, agenda: Rc<RefCell<Agenda>>, timer: Rc<Timer>) {
    while timer.fires().await {
        let now = handle.read(|_, now| now.unix);
        let due = agenda.borrow_mut().take_due(now);
        // First, so that whatever a start brings about finds the timer set.
        timer.set(agenda.borrow().next());
        for (id, program) in due {
            due::begin(&handle, id, &program).await;
        }
    }
    log::error!("the timer for schedules is broken: no program is started by the clock any more");
}

fn schedule_of(config: &ProcessConfig) -> Option<Schedule> {
    let written = config.extensions.as_ref()?.cron.as_ref()?;
    Schedule::parse(written).ok()
}

/// GO-223
fn warn_of_autorestart(group: &str, config: &ProcessConfig) {
    if config.autorestart == Autorestart::Always {
        log::warn!(
            "'{}' has a schedule and autorestart=true: it is started again whenever it ends",
            display_name(group, &config.name)
        );
    }
}
