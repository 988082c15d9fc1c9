//! What a scenario's programs may ask for beyond the reference. The oracle knows none of it: these stories live in
//! `fixtures/scenarios/extensions`, and their traces come from our machine.

use bstr::BString;
use supervisord::config::extensions::{Dependency, Extensions, Probe, RestartDelay, WhenEnded};
use supervisord::model::signal::Signal;

use super::number;

/// The ceiling of a growing delay when the scenario gives none.
const CEILING: i64 = 60;

/// Takes an option that is an extension; false for any other.
pub fn take(extensions: &mut Extensions, key: &str, value: &str) -> Result<bool, String> {
    let hooks = &mut extensions.hooks;
    match key {
        "pre_start_hook" => hooks.pre_start = Some(hook(value)),
        "post_start_hook" => hooks.post_start = Some(hook(value)),
        "pre_stop_hook" => hooks.pre_stop = Some(hook(value)),
        "post_stop_hook" => hooks.post_stop = Some(hook(value)),
        "hook_timeout" => hooks.timeout = number(value)?,
        "pre_start_hook_required" => hooks.pre_start_required = value == "true",
        "further_stopsignals" => {
            extensions.further_stopsignals = value
                .split(',')
                .map(|name| Signal::parse(name).ok_or("not a signal"))
                .collect::<Result<_, _>>()?;
        }
        "killwaitsecs" => extensions.killwaitsecs = Some(number(value)?),
        "restartpause" => extensions.restartpause = number(value)?,
        "restart_delay" => {
            extensions.restart_delay = Some(RestartDelay {
                first: number(value)?,
                ceiling: extensions
                    .restart_delay
                    .map_or(CEILING, |delay| delay.ceiling),
            });
        }
        "restart_delay_max" => {
            extensions.restart_delay = Some(RestartDelay {
                first: extensions.restart_delay.map_or(0, |delay| delay.first),
                ceiling: number(value)?,
            });
        }
        "on_exit" => extensions.on_exit = when_ended(value),
        "on_fatal" => extensions.on_fatal = when_ended(value),
        "depends_on" => extensions.depends_on = value.split(',').map(dependency).collect(),
        _ => return Ok(false),
    }
    Ok(true)
}

fn hook(command: &str) -> Probe {
    Probe::Command(vec![BString::from(command)])
}

fn when_ended(value: &str) -> WhenEnded {
    match value {
        "shutdown" => WhenEnded::Shutdown,
        _ => WhenEnded::Ignore,
    }
}

/// `group:process`, `group:*`, or the name of a group with all its processes.
fn dependency(text: &str) -> Dependency {
    let (group, process) = text.split_once(':').unwrap_or((text, "*"));
    Dependency {
        group: group.to_owned(),
        process: (process != "*").then(|| process.to_owned()),
    }
}
