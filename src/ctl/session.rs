//! A session: one client's talk with one server, from a single command to a whole shell.
//!
//! It owns where the words go, whom to ask, and the exit status so far; commands (`commands/`) are functions on it. What
//! is common to all commands is here: taking a line apart, asking for credentials when the server wants some, turning
//! whatever went wrong into one line, and the check that a server is there at all.
//!
//! ```text
//! line ──▶ word and argument ──▶ command ──▶ client ──▶ server
//!                                   │ CtlError             (one connection per command)
//!                                   ▼
//!             401: ask who we are and run it again; anything else: "error: …", status 1
//! ```

use std::rc::Rc;
use std::time::Duration;

use crate::model::fault::FaultCode;
use crate::xmlrpc::Value;

use super::advice::Origin;
use super::answers::{ProcessRow, Row, shown};
use super::client::{Client, Target};
use super::commands;
use super::error::CtlError;
use super::exit_status::ExitStatus;
use super::external;
use super::input::{Input, Lines};
use super::interrupt::Interrupt;
use super::line::{Line, parse};
use super::output::Output;
use super::prompt;

/// The version of the API that we speak, as the server must name it (CTL-045).
const API_VERSION: &str = "3.0";

/// In what `supervisord ctl` differs from supervisorctl.
#[derive(Clone, Copy)]
pub struct Manner {
    /// Its own verbs: which one a line begins with, and the rest of the line.
    pub verbs: fn(&str) -> Option<(commands::Run, &str)>,
    /// A bare name means a process in whatever group it is, if there is one of that name (GO-054).
    pub bare_names: bool,
    /// `status` shows the group of every process (GO-018).
    pub whole_names: bool,
}

impl Default for Manner {
    /// supervisorctl.
    fn default() -> Self {
        Self {
            verbs: |_| None,
            bare_names: false,
            whole_names: false,
        }
    }
}

pub struct Session<'w> {
    pub client: Client,
    pub output: Output<'w>,
    pub exit_status: ExitStatus,
    /// Whether there is somebody to ask (CTL-018, CTL-132).
    interactive: bool,
    /// Whether a command asked to end the session (CTL-064).
    pub leaving: bool,
    /// What the way to the server was read from.
    pub origin: Origin,
    pub manner: Manner,
    input: Box<dyn Input + 'w>,
    /// In a shell, whose end is not Ctrl-C.
    interrupt: Option<Rc<Interrupt>>,
}

impl<'w> Session<'w> {
    pub fn new(
        target: Target,
        interactive: bool,
        input: Box<dyn Input + 'w>,
        output: Output<'w>,
    ) -> Self {
        Self {
            client: Client::new(target),
            output,
            exit_status: ExitStatus::Success,
            interactive,
            leaving: false,
            origin: Origin::default(),
            manner: Manner::default(),
            input,
            interrupt: None,
        }
    }

    /// Ctrl-C for whoever has something to do afterwards: from now on it ends what is going on, and not the program.
    pub fn interrupt(&mut self) -> Result<Rc<Interrupt>, CtlError> {
        if let Some(interrupt) = &self.interrupt {
            return Ok(Rc::clone(interrupt));
        }
        let interrupt = Rc::new(Interrupt::watch()?);
        self.client.interrupted_by(Rc::clone(&interrupt));
        self.input.lines().interrupted_by(Rc::clone(&interrupt));
        self.interrupt = Some(Rc::clone(&interrupt));
        Ok(interrupt)
    }

    /// Waits, unless the user interrupts.
    pub fn pause(&mut self, length: Duration) -> Result<(), CtlError> {
        self.output.flush();
        match &self.interrupt {
            Some(interrupt) if interrupt.pause(length)? => return Err(CtlError::Interrupted),
            Some(_) => {}
            None => std::thread::sleep(length),
        }
        Ok(())
    }

    /// Runs one line as it was typed.
    pub fn run(&mut self, line: &str) {
        match (self.manner.verbs)(line) {
            Some((command, argument)) => self.run_command(command, argument),
            None => self.run_line(line),
        }
        // Nothing is kept between two commands: the server may be another one by then.
        self.client.hang_up();
        self.output.flush();
    }

    fn run_line(&mut self, line: &str) {
        match parse(line) {
            Line::Empty => {}
            Line::Unknown { line } => self.unknown_syntax(&line),
            Line::Command {
                line,
                word,
                argument,
            } => match commands::find(&word) {
                Some(command) => self.run_command(command, &argument),
                None => self.run_external(&line),
            },
        }
    }

    /// Where we go, and why, for whoever wants to know (GO-043).
    pub fn describe_way(&mut self) {
        let url = self.client.target.server_url.clone();
        let read_from = match &self.origin.config_file {
            Some(file) => format!("; configuration: {file}"),
            None => String::new(),
        };
        self.output.complaint(&format!("server: {url}{read_from}"));
    }

    /// A program of the user's own that brings the command, if there is one.
    fn run_external(&mut self, line: &str) {
        let Some(program) = external::find(line) else {
            return self.unknown_syntax(line);
        };
        self.output.flush();
        let ran = match &self.interrupt {
            Some(interrupt) => external::run(&program, line, &self.client.target, |start| {
                interrupt.lifted(start)
            }),
            None => external::run(&program, line, &self.client.target, |start| start()),
        };
        match ran {
            Ok(0) => {}
            Ok(status) => self.exit_status = ExitStatus::External(status),
            Err(error) => self.show_error(&error.into()),
        }
    }

    /// CTL-063.
    fn unknown_syntax(&mut self, line: &str) {
        self.output.line(&format!("*** Unknown syntax: {line}"));
        self.exit_status = ExitStatus::Generic;
    }

    /// Runs a command, again as soon as the server knows who we are (CTL-050, CTL-051). Without anybody to ask it is
    /// tried once more all the same, as in the reference (`supervisorctl.py`, `onecmd`); there the failure shows.
    fn run_command(&mut self, command: commands::Run, argument: &str) {
        loop {
            let error = match command(self, argument) {
                Ok(()) => return,
                Err(error) => error,
            };
            if matches!(error, CtlError::Interrupted) {
                return self.show_interruption();
            }
            if !error.asks_for_credentials() {
                return self.show_error(&error);
            }
            self.output.line("Server requires authentication");
            if !self.interactive {
                self.exit_status = ExitStatus::Generic;
                if let Err(error) = command(self, argument) {
                    self.show_error(&error);
                }
                return;
            }
            match self.ask_for_credentials() {
                Ok(()) => {}
                Err(CtlError::Interrupted) => return self.show_interruption(),
                Err(error) => return self.show_error(&error),
            }
        }
    }

    fn ask_for_credentials(&mut self) -> Result<(), CtlError> {
        let username = self.ask_user("Username:")?;
        let interrupt = self.interrupt()?;
        let lines = self.input.lines();
        let password = prompt::ask_password("Password:", lines, interrupt, &mut self.output)
            .inspect_err(|error| self.leaving |= matches!(error, CtlError::Interrupted))?;
        self.output.line("");
        self.client.target.username = Some(username);
        self.client.target.password = Some(password);
        Ok(())
    }

    /// CTL-047. Python's own place in its source, which the reference adds, has no equal here.
    fn show_error(&mut self, error: &CtlError) {
        let class = error.class();
        self.output
            .line(&format!("error: <class '{class}'>, {error}"));
        self.exit_status = ExitStatus::Generic;
        let nobody_listens = error.is_refused() || error.is_no_such_file();
        let is_seen = self.output.is_terminal();
        if nobody_listens || is_seen && error.is_cut() && self.origin.daemon_is_gone() {
            self.advise();
        }
    }

    /// The user had enough of a command; the shell goes on unless it was a question that was not answered (CTL-065).
    fn show_interruption(&mut self) {
        self.exit_status = ExitStatus::Generic;
        if !self.leaving || !self.input.edits_lines() {
            self.output.line("");
        }
    }

    /// What may help with a server that cannot be reached, for whoever sits at a terminal.
    fn advise(&mut self) {
        if self.output.is_terminal() {
            for line in self.origin.advice() {
                self.output.line(&line);
            }
        }
    }

    /// Reads a line of the shell.
    pub fn next_line(&mut self, prompt: &str) -> Result<String, CtlError> {
        self.input.command(prompt, &self.client, &mut self.output)
    }

    /// Leaves a shell whose user left a line without an end (CTL-064, CTL-065).
    pub fn leave_line(&mut self) {
        if !self.input.edits_lines() {
            self.output.line("");
        }
        self.leaving = true;
    }

    /// Whether there is a terminal on which lines are edited.
    pub fn edits_lines(&self) -> bool {
        self.input.edits_lines()
    }

    /// What is typed, without editing.
    pub fn lines(&mut self) -> &mut Lines {
        self.input.lines()
    }

    /// Asks the user for a line.
    pub fn ask_user(&mut self, question: &str) -> Result<String, CtlError> {
        let answer = self.input.ask(question, &mut self.output);
        self.leaving |= matches!(answer, Err(CtlError::Interrupted));
        answer
    }

    /// Whether the user means it; taken for granted when there is nobody to ask (CTL-129, CTL-132).
    pub fn confirmed(&mut self, question: &str) -> Result<bool, CtlError> {
        if !self.interactive {
            return Ok(true);
        }
        Ok(self.ask_user(question)?.starts_with(['y', 'Y']))
    }

    /// Calls a method of the supervisor namespace, given by its full name.
    pub fn call(&mut self, method: &'static str, params: &[Value]) -> Result<Value, CtlError> {
        self.output.flush();
        self.client.call(method, params)
    }

    /// Calls a method that answers with a list of rows.
    pub fn call_for_rows<T: Row>(
        &mut self,
        method: &'static str,
        params: &[Value],
    ) -> Result<Vec<T>, CtlError> {
        self.output.flush();
        self.client.call_for_rows(None, method, params)
    }

    pub fn all_processes(&mut self) -> Result<Vec<ProcessRow>, CtlError> {
        self.call_for_rows("supervisor.getAllProcessInfo", &[])
    }

    /// Whether a server is there that speaks our language; says so when not (CTL-040 to CTL-046).
    pub fn up_check(&mut self) -> Result<bool, CtlError> {
        let url = self.client.target.server_url.clone();
        let (complaint, status) = match self.call("supervisor.getVersion", &[]) {
            Ok(version) if version.as_str() == Some(API_VERSION) => return Ok(true),
            Ok(version) => {
                let method = "supervisor.getVersion";
                let version = shown(&version).ok_or(CtlError::UnexpectedAnswer { method })?;
                let complaint = format!(
                    "Sorry, this version of supervisorctl expects to talk to a server with API version \
                     {API_VERSION}, but the remote version is {version}."
                );
                (complaint, ExitStatus::ApiMismatch)
            }
            Err(error) if error.is_fault(FaultCode::UnknownMethod) => {
                let complaint = "Sorry, supervisord responded but did not recognize the supervisor namespace \
                     commands that supervisorctl uses to control it.  Please check that the \
                     [rpcinterface:supervisor] section is enabled in the configuration file (see sample.conf).";
                (complaint.to_owned(), ExitStatus::NamespaceMissing)
            }
            Err(error) if error.is_refused() => {
                (format!("{url} refused connection"), ExitStatus::Refused)
            }
            Err(error) if error.is_no_such_file() => {
                (format!("{url} no such file"), ExitStatus::NotRunning)
            }
            Err(error) => return Err(error),
        };
        self.output.line(&complaint);
        self.exit_status = status;
        if matches!(status, ExitStatus::Refused | ExitStatus::NotRunning) {
            self.advise();
        }
        Ok(false)
    }
}
