//! The shell's line on a terminal: editing, history, completion, hints (CTL-060 to CTL-074).
//!
//! The editing is rustyline's; here is what it is told. Questions are put with the same editor, since keys typed ahead
//! are in its hands, but without what belongs to commands.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::io;
use std::time::Duration;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hinter, HistoryHinter};
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::answers::ProcessRow;
use super::client::{Client, Target};
use super::completion::{Offer, offers};
use super::error::CtlError;
use super::history::HistoryFile;
use super::input::{Input, Lines};
use super::output::Output;

/// A server that does not answer Tab by then has nothing to offer: the user could not interrupt it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Terminals on which lines cannot be edited.
const PLAIN_TERMINALS: [&str; 3] = ["dumb", "cons25", "emacs"];

/// A terminal that can be edited on.
pub struct Terminal {
    editor: Editor<Assistant, MemHistory>,
    lines: Lines,
    history: HistoryFile,
}

/// Whether lines can be edited on a terminal of that kind.
pub fn can_be_edited_on(kind: Option<&str>) -> bool {
    kind.is_some_and(|kind| !kind.is_empty() && !PLAIN_TERMINALS.contains(&kind))
}

impl Terminal {
    /// `lines` is what is read without editing, in the foreground of a process; `hints` whether lines of the history are
    /// suggested while typing.
    pub fn open(lines: Lines, history: HistoryFile, hints: bool) -> Result<Self, CtlError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(usize::MAX)
            .map_err(input_error)?
            // Pasted lines are run one by one, as if typed.
            .bracketed_paste(false)
            .build();
        let memory = MemHistory::with_config(&config);
        let mut editor = Editor::with_history(config, memory).map_err(input_error)?;
        for line in history.load() {
            editor.add_history_entry(line).map_err(input_error)?;
        }
        editor.set_helper(Some(Assistant {
            hints: hints.then(HistoryHinter::new),
            command: None,
        }));
        Ok(Self {
            editor,
            lines,
            history,
        })
    }

    fn read(&mut self, prompt: &str, output: &mut Output<'_>) -> Result<String, CtlError> {
        output.flush();
        self.editor.readline(prompt).map_err(input_error)
    }

    fn assist(&mut self, command: Option<Processes>) {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.command = command;
        }
    }
}

impl Drop for Terminal {
    /// CTL-068.
    fn drop(&mut self) {
        self.history.save(self.editor.history().into_iter());
    }
}

impl Input for Terminal {
    fn ask(&mut self, question: &str, output: &mut Output<'_>) -> Result<String, CtlError> {
        self.assist(None);
        self.read(question, output)
    }

    fn command(
        &mut self,
        prompt: &str,
        client: &Client,
        output: &mut Output<'_>,
    ) -> Result<String, CtlError> {
        self.assist(Some(Processes::of(client.target.clone())));
        let line = self.read(prompt, output)?;
        self.editor
            .add_history_entry(line.as_str())
            .map_err(input_error)?;
        Ok(line)
    }

    fn edits_lines(&self) -> bool {
        true
    }

    fn lines(&mut self) -> &mut Lines {
        &mut self.lines
    }
}

fn input_error(error: ReadlineError) -> CtlError {
    match error {
        ReadlineError::Eof => CtlError::EndOfInput,
        ReadlineError::Interrupted => CtlError::Interrupted,
        ReadlineError::Io(error) => CtlError::Socket(error),
        other => CtlError::Socket(io::Error::other(other.to_string())),
    }
}

/// What helps while a command is typed; nothing helps with the answer to a question.
struct Assistant {
    hints: Option<HistoryHinter>,
    command: Option<Processes>,
}

/// The processes, asked for once per line (CTL-073). A server that cannot be asked has none.
struct Processes {
    target: Target,
    rows: OnceCell<Vec<ProcessRow>>,
}

impl Processes {
    fn of(target: Target) -> Self {
        let rows = OnceCell::new();
        Self { target, rows }
    }

    fn get(&self) -> &[ProcessRow] {
        self.rows.get_or_init(|| {
            let method = "supervisor.getAllProcessInfo";
            Client::new(self.target.clone())
                .call_for_rows(Some(PATIENCE), method, &[])
                .unwrap_or_default()
        })
    }
}

impl Helper for Assistant {}

impl Validator for Assistant {}

impl Completer for Assistant {
    type Candidate = Offer;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Offer>)> {
        Ok(match &self.command {
            Some(processes) => offers(line, cursor, || processes.get()),
            None => (cursor, Vec::new()),
        })
    }
}

impl Hinter for Assistant {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, context: &Context<'_>) -> Option<String> {
        self.command.as_ref()?;
        self.hints.as_ref()?.hint(line, cursor, context)
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }
}
