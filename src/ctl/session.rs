//! A session: one client's talk with one server, from a single command to a whole shell.
//!
//! It owns where the words go, whom to ask, and the exit status so far; commands (`commands/`) are functions on it. What
//! is common to all commands is here: taking a line apart, asking for credentials when the server wants some, turning
//! whatever went wrong into one line, and the check that a server is there at all.
//!
//! ```text
//! line ──▶ word and argument ──▶ command ──▶ client ──▶ server
//!                                   │ CtlError             (a fresh connection per call)
//!                                   ▼
//!             401: ask who we are and run it again; anything else: "error: …", status 1
//! ```

use std::io::BufRead;

use crate::model::fault::FaultCode;
use crate::xmlrpc::Value;

use super::answers::{self, ProcessRow, shown};
use super::client::Client;
use super::commands;
use super::error::CtlError;
use super::exit_status::ExitStatus;
use super::line::{Line, parse};
use super::output::Output;
use super::prompt;

/// The version of the API that we speak, as the server must name it (CTL-045).
const API_VERSION: &str = "3.0";

pub struct Session<'w> {
    pub client: Client,
    pub output: Output<'w>,
    pub exit_status: ExitStatus,
    /// Whether there is somebody to ask (CTL-018, CTL-132).
    interactive: bool,
    /// Whether a command asked to end the session (CTL-064).
    pub leaving: bool,
    input: Box<dyn BufRead + 'w>,
}

impl<'w> Session<'w> {
    pub fn new(
        client: Client,
        interactive: bool,
        input: impl BufRead + 'w,
        output: Output<'w>,
    ) -> Self {
        Self {
            client,
            output,
            exit_status: ExitStatus::Success,
            interactive,
            leaving: false,
            input: Box::new(input),
        }
    }

    /// Runs one line as it was typed.
    pub fn run(&mut self, line: &str) {
        match parse(line) {
            Line::Empty => {}
            Line::Unknown { line } => self.unknown_syntax(&line),
            Line::Command {
                line,
                word,
                argument,
            } => match commands::find(&word) {
                Some(command) => self.run_command(command, &argument),
                None => self.unknown_syntax(&line),
            },
        }
        self.output.flush();
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
            if let Err(error) = self.ask_for_credentials() {
                return self.show_error(&error);
            }
        }
    }

    fn ask_for_credentials(&mut self) -> Result<(), CtlError> {
        let username = self.ask_user("Username:")?;
        let password = prompt::ask_password("Password:", &mut self.input, &mut self.output)?;
        self.output.line("");
        self.client.username = Some(username);
        self.client.password = Some(password);
        Ok(())
    }

    /// CTL-047. Python's own place in its source, which the reference adds, has no equal here.
    fn show_error(&mut self, error: &CtlError) {
        let class = error.class();
        self.output
            .line(&format!("error: <class '{class}'>, {error}"));
        self.exit_status = ExitStatus::Generic;
    }

    /// Asks the user for a line.
    pub fn ask_user(&mut self, question: &str) -> Result<String, CtlError> {
        prompt::ask(question, &mut self.input, &mut self.output)
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
    pub fn call_for_rows<T>(
        &mut self,
        method: &'static str,
        params: &[Value],
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, CtlError> {
        let answer = self.call(method, params)?;
        answers::rows(method, &answer, read)
    }

    pub fn all_processes(&mut self) -> Result<Vec<ProcessRow>, CtlError> {
        self.call_for_rows("supervisor.getAllProcessInfo", &[], ProcessRow::read)
    }

    /// Whether a server is there that speaks our language; says so when not (CTL-040 to CTL-046).
    pub fn up_check(&mut self) -> Result<bool, CtlError> {
        let url = self.client.server_url.clone();
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
        Ok(false)
    }
}
