//! Those who look after programs beside the machine: checks, watches and schedules.
//!
//! They are called when the first program that asks for one of them becomes active, and go when the last has gone; a
//! supervisord without such a program has no task, no descriptor and no timer for them.

use std::cell::Cell;
use std::rc::Rc;

use tokio::task::spawn_local;

use crate::daemon::handle::Handle;
use crate::health::Checks;
use crate::schedule::Schedules;
use crate::watch::Watches;

/// Whether somebody is looking after programs.
#[derive(Default)]
pub struct Attention {
    paid: Rc<Cell<bool>>,
}

impl Attention {
    /// A program that wants attention has become active.
    pub fn pay(&self, handle: &Handle) {
        if self.paid.replace(true) {
            // Who is there sees it too.
            return;
        }
        let (handle, paid) = (handle.clone(), Rc::clone(&self.paid));
        spawn_local(async move {
            look_after_all(&handle).await;
            paid.set(false);
        });
    }
}

/// Returns when there is nobody left to look after.
async fn look_after_all(handle: &Handle) {
    let mut checks = Checks::new(handle.clone());
    let mut watches = Watches::new(handle.clone());
    let mut schedules = Schedules::new(handle.clone());
    while checks.follow() | watches.follow() | schedules.follow() {
        handle.process_changes().await;
    }
}
