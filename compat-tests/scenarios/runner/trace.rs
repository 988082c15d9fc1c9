//! What a trace says of effects and of the activity log.

use supervisord::supervisor::command::{ProcessResult, Reply, RequestId};
use supervisord::supervisor::event::Event;
use supervisord::supervisor::turn::{Effect, Ending};

use super::CURRENT;

pub fn effect_line(effect: Effect) -> Option<String> {
    match effect {
        // They come from the clock and not from the machine's doings; listeners are shown what they get of them.
        Effect::Emitted(event) if matches!(*event, Event::Tick { .. }) => None,
        Effect::Print(_) => None,
        Effect::Emitted(event) => Some(
            format!("{} {}", event.name(), event.payload())
                .trim_end_matches(' ')
                .to_owned(),
        ),
        Effect::Reply(RequestId(id), Ok(Reply::True)) => Some(format!("reply {id} true")),
        Effect::Reply(RequestId(id), Ok(Reply::Results(results))) => {
            let results: Vec<String> = results.iter().map(result_line).collect();
            Some(format!("reply {id} [{}]", results.join(", ")))
        }
        Effect::Reply(
            RequestId(id),
            Ok(Reply::Diff {
                added,
                changed,
                removed,
            }),
        ) => Some(format!("reply {id} {added:?} {changed:?} {removed:?}")),
        Effect::Reply(RequestId(id), Err(fault)) => {
            Some(format!("reply {id} fault {} {fault}", fault.code.number()))
        }
        Effect::ReopenLogs => None,
        Effect::RunHook(order) => Some(format!(
            "hook {}:{} {} {}",
            order.group,
            order.config.name,
            order.kind.name(),
            order.run.number
        )),
        Effect::KillHook(run) => Some(format!("kill hook {}", run.number)),
        Effect::Finished(Ending::Shutdown { status: 0 }) => Some("finished shutdown".to_owned()),
        Effect::Finished(Ending::Shutdown { status }) => {
            Some(format!("finished shutdown with {status}"))
        }
        Effect::Finished(Ending::Restart) => Some("finished restart".to_owned()),
    }
}

fn result_line(result: &ProcessResult) -> String {
    let ProcessResult {
        name,
        group,
        status,
        description,
    } = result;
    format!("{group}:{name} {} {description}", status.number())
}

/// Sends the activity log of every thread to the trace of the scenario that runs on it.
pub fn record_logs() {
    struct Recorder;

    impl tracing::Subscriber for Recorder {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }
        fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
        fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line::default();
            event.record(&mut line);
            let tag = match line.level {
                50 => "CRIT",
                40 => "ERRO",
                30 => "WARN",
                20 => "INFO",
                10 => "DEBG",
                // The oracle leaves the two finest levels out.
                _ => return,
            };
            CURRENT.with_borrow(|trace| {
                if let Some(trace) = trace {
                    trace
                        .borrow_mut()
                        .push(format!("log {tag} {}", line.message));
                }
            });
        }
        fn enter(&self, _: &tracing::span::Id) {}
        fn exit(&self, _: &tracing::span::Id) {}
    }

    #[derive(Default)]
    struct Line {
        level: u64,
        message: String,
    }

    impl tracing::field::Visit for Line {
        fn record_u64(&mut self, field: &tracing::field::Field, value: u64) {
            if field.name() == "level" {
                self.level = value;
            }
        }
        fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            if field.name() == "message" {
                self.message = format!("{value:?}");
            }
        }
    }

    // A second scenario in the same process finds it in place.
    let _ = tracing::subscriber::set_global_default(Recorder);
}
