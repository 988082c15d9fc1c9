//! Everything that is wrong with a configuration, not only the first thing.
//!
//! A reading ends with the first mistake, as the reference's does. A survey reads, takes the mistake out of its copy of
//! the document (the option goes, or gets a value that is certainly right), and reads again until nothing is left to
//! complain about. So it has no rules of its own: it finds what the daemon would, in the order and words in which
//! somebody who mends one mistake after the other would meet them. What is only a consequence of an earlier mistake is
//! left out.

use bstr::{BStr, BString, ByteSlice};

use super::client::ClientConfig;
use super::command_line::CommandLine;
use super::context::LoadContext;
use super::error::{ConfigError, Reason, SocketProblem};
use super::expand::FormatProblem;
use super::ini::Document;
use super::options::{program, server};
use super::text;
use super::types::{Config, StartupMessages};
use super::{
    Purpose, Sources, client, include, interpret, read_main, require_daemon_section, usable,
};

/// A file that is this wrong needs no complete list: each fault costs another reading.
pub const MOST_FAULTS: usize = 300;

/// What a look at a configuration found.
pub struct Survey {
    /// As the files have it, without what could not be read at all.
    pub document: Document,
    /// All for which supervisord refuses the configuration.
    pub faults: Vec<ConfigError>,
    /// What supervisorctl alone stumbles over, in its own section.
    pub client_faults: Vec<ConfigError>,
    /// What supervisorctl would use, if the file has its section.
    pub client: Option<ClientConfig>,
    /// What is left without the faults; `None` when that is nothing.
    pub config: Option<Config>,
    /// What supervisord would say in its log about a configuration without the faults.
    pub messages: StartupMessages,
}

/// Looks at all of a configuration.
pub fn survey(command_line: &CommandLine, context: &LoadContext) -> Survey {
    let mut survey = Survey {
        document: Document::tolerant(),
        faults: Vec::new(),
        client_faults: Vec::new(),
        client: None,
        config: None,
        messages: StartupMessages::default(),
    };
    // A tolerant document keeps the complaints itself.
    let mut sources = match read_main(command_line, context, Document::tolerant()) {
        Ok(sources) => sources,
        Err(error) => {
            survey.faults.push(error);
            return survey;
        }
    };
    let main_file = sources.document.clone();
    let included = include::read_included(&mut sources, context);
    survey.document = sources.document.clone();
    survey.messages = sources.messages.clone();
    survey
        .faults
        .extend(survey.document.tolerated().iter().cloned());
    survey.faults.extend(included.err());
    // Of a file that is no text nothing is known from there on.
    let is_text = |fault: &ConfigError| !matches!(fault, ConfigError::NotText { .. });
    if !survey.faults.iter().all(is_text) {
        return survey;
    }

    let (faults, config) = all_faults(sources.clone(), |sources| {
        require_daemon_section(&sources.document)?;
        interpret(sources, command_line, context, Purpose::Start).and_then(usable)
    });
    survey.faults.extend(faults);
    if let Some(config) = &config {
        survey.messages = config.messages.clone();
    }
    survey.config = config;

    // The client does not read includes.
    sources.document = main_file;
    if sources.document.has_section(client::SECTION) {
        let read = |sources: &Sources| {
            client::interpret(&sources.document, sources.config_file.as_bstr(), context)
        };
        (survey.client_faults, survey.client) = all_faults(sources, read);
    }
    survey
}

/// Reads until it succeeds, and gives the faults met on the way.
fn all_faults<T>(
    mut sources: Sources,
    read: impl Fn(&Sources) -> Result<T, ConfigError>,
) -> (Vec<ConfigError>, Option<T>) {
    let mut faults: Vec<ConfigError> = Vec::new();
    let mut taken_out = TakenOut::default();
    let mut last: Option<ConfigError> = None;
    loop {
        let error = match read(&sources) {
            Ok(read) => return (faults, Some(read)),
            Err(error) => error,
        };
        let Some((section, option, reason)) = parts(&error) else {
            faults.push(error);
            return (faults, None);
        };
        if last.as_ref() == Some(&error) || faults.len() >= MOST_FAULTS {
            return (faults, None);
        }
        let consequence = taken_out.explains(reason);
        taken_out.add(&sources.document, section, option);
        mend(&mut sources.document, section, option, reason);
        last = Some(error.clone());
        if !consequence {
            faults.push(error);
        }
    }
}

/// What an error is about.
fn parts(error: &ConfigError) -> Option<(&str, Option<&str>, &Reason)> {
    match error {
        ConfigError::Setting {
            section,
            option,
            reason,
        }
        | ConfigError::Program {
            section,
            option,
            reason,
            ..
        } => Some((section, option.as_deref(), reason)),
        ConfigError::NoFileFound { .. }
        | ConfigError::FileMissing { .. }
        | ConfigError::FileUnreadable { .. }
        | ConfigError::NotText { .. }
        | ConfigError::NoSectionHeader { .. }
        | ConfigError::BadLines { .. }
        | ConfigError::Usage { .. } => None,
    }
}

/// Mistakes that make others seem mistaken.
#[derive(Default)]
struct TakenOut {
    /// Texts of `environment=`: the variables that they define are missing now.
    environments: Vec<BString>,
    /// Sections that groups may name.
    sections: Vec<String>,
}

impl TakenOut {
    fn add(&mut self, document: &Document, section: &str, option: Option<&str>) {
        match option {
            Some(option) if option == program::ENVIRONMENT.name => {
                self.environments.extend(document.get(section, option));
            }
            Some(_) => {}
            None => self.sections.push(section.to_owned()),
        }
    }

    fn explains(&self, reason: &Reason) -> bool {
        match reason {
            Reason::Format {
                problem: FormatProblem::UnknownName { name, .. },
                ..
            } => name.strip_prefix(b"ENV_").is_some_and(|variable| {
                let mut texts = self.environments.iter();
                texts.any(|text| text.contains_str(variable))
            }),
            Reason::UnknownProgram { program, .. } => {
                let mut sections = self.sections.iter();
                sections.any(|section| section.ends_with(&format!("program:{program}")))
            }
            _ => false,
        }
    }
}

/// Values that are always right, for options that cannot just be left out.
const STAND_INS: [(&str, &str); 12] = [
    (program::COMMAND.name, "true"),
    (
        program::PROCESS_NAME.name,
        "%(program_name)s_%(process_num)d",
    ),
    (program::STDOUT.logfile.name, "/dev/null"),
    (program::STDERR.logfile.name, "/dev/null"),
    (server::EVENTS.name, "EVENT"),
    (server::SOCKET.name, "tcp://localhost:1"),
    (server::PORT.name, "127.0.0.1:1"),
    (server::FILE.name, "/supervisor.sock"),
    (server::USERNAME.name, "stand-in"),
    (server::PASSWORD.name, "stand-in"),
    (
        server::RPC_INTERFACE_FACTORY.name,
        "supervisor.rpcinterface:make_main_rpcinterface",
    ),
    (server::CTL_FACTORY.name, "stand-in"),
];

/// Takes one mistake out of the document.
fn mend(document: &mut Document, section: &str, option: Option<&str>, reason: &Reason) {
    let name = option.unwrap_or_default();
    match reason {
        Reason::NoSection { section } => document.add_section(section),
        Reason::IncompleteAuthentication { .. } => {
            document.remove(section, server::USERNAME.name);
            document.remove(section, server::PASSWORD.name);
        }
        Reason::UnknownProgram { program, .. } | Reason::AmbiguousProgram { program, .. } => {
            leave_out_word(document, section, name, |word| word == program);
        }
        Reason::UnknownEvent { event, .. } => {
            leave_out_word(document, section, name, |word| {
                word.to_uppercase() == *event
            });
            if document
                .get(section, name)
                .is_none_or(|left| left.is_empty())
            {
                stand_in_or_remove(document, section, name);
            }
        }
        Reason::Socket {
            problem: SocketProblem::OwnerOrModeWithTcp,
            ..
        } => {
            document.remove(section, server::SOCKET_OWNER.name);
            document.remove(section, server::SOCKET_MODE.name);
        }
        Reason::RpcInterface { .. } => {
            for key in document.keys(section) {
                if key != server::RPC_INTERFACE_FACTORY.name {
                    document.remove(section, &key);
                }
            }
        }
        _ if option.is_none() => document.remove_section(section),
        // An argument of the factory, whatever its name.
        _ if section.starts_with("rpcinterface:") && name != server::RPC_INTERFACE_FACTORY.name => {
            document.remove(section, name);
        }
        _ => stand_in_or_remove(document, section, name),
    }
}

fn stand_in_or_remove(document: &mut Document, section: &str, option: &str) {
    match STAND_INS.iter().find(|(name, _)| *name == option) {
        Some((_, value)) => document.set(section, option, BStr::new(value)),
        None => document.remove(section, option),
    }
}

/// Takes words out of a list with commas.
fn leave_out_word(
    document: &mut Document,
    section: &str,
    option: &str,
    wrong: impl Fn(&str) -> bool,
) {
    let value = document.get(section, option).unwrap_or_default();
    let value = value.to_str_lossy();
    let left: Vec<&str> = value
        .split(',')
        .map(text::strip)
        .filter(|word| !wrong(word))
        .collect();
    document.set(section, option, BStr::new(&left.join(",")));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::{Survey, survey};
    use crate::config::command_line::CommandLine;
    use crate::config::context::LoadContext;

    fn command_line(file: &Path) -> CommandLine {
        CommandLine {
            config_file: Some(file.to_string_lossy().into_owned().into()),
            ..CommandLine::default()
        }
    }

    fn look_at(name: &str, text: &str) -> Survey {
        let file = std::env::temp_dir().join(format!("survey-{name}-{}.conf", std::process::id()));
        std::fs::write(&file, text).expect("a file of our own");
        let survey = survey(&command_line(&file), &LoadContext::for_tests());
        std::fs::remove_file(&file).expect("it was just written");
        survey
    }

    /// The faults, without the place at their end.
    fn faults(name: &str, text: &str) -> Vec<String> {
        let survey = look_at(name, text);
        let texts = survey.faults.iter().map(|fault| {
            let text = fault.to_string();
            match text.split_once(" in section '") {
                Some((text, _)) => text.to_owned(),
                None => text,
            }
        });
        texts.collect()
    }

    #[test]
    fn every_fault_is_found_in_the_order_of_the_daemon() {
        let text = "[program:a]\ncommand=true\nstartsecs=x\nautorestart=maybe\nuser=nemo\n\
                    [supervisord]\nminfds=many\nloglevel=loud\n\
                    [eventlistener:l]\nevents=TICK_5,TOCK,TUCK\nredirect_stderr=true\n\
                    [group:g]\nprograms=a,b\n\
                    [unix_http_server]\nusername=me\n";
        assert_eq!(
            faults("order", text),
            [
                "invalid literal for int() with base 10: 'many'",
                "bad logging level name 'loud'",
                "invalid 'autorestart' value 'maybe'",
                "invalid literal for int() with base 10: 'x'",
                "Invalid user name nemo",
                "[program:a] names unknown program or fcgi-program b",
                "Unknown event type TOCK in [eventlistener:l] events",
                "Unknown event type TUCK in [eventlistener:l] events",
                "[eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will interfere \
                 with the eventlistener protocol",
                "program section eventlistener:l does not specify a command",
                "section [unix_http_server] has no file value",
                "Section [unix_http_server] contains incomplete authentication: If a username or a password is \
                 specified, both the username and password must be specified",
            ]
        );
    }

    #[test]
    fn a_consequence_is_no_fault_of_its_own() {
        let text = "[supervisord]\nenvironment=A=\"1\n\
                    [program:a]\ncommand=%(ENV_A)s %(ENV_B)s\n\
                    [program:b c]\ncommand=true\n\
                    [group:g]\nprograms=b c\n\
                    [inet_http_server]\nport=%(x)s\nusername=u\npassword=%(y\n";
        let faults = faults("consequence", text);
        let begin = |n: usize| faults.get(n).map(|text| text.chars().take(40).collect());
        assert_eq!(begin(0), Some("No closing quotation".to_owned()));
        assert_eq!(
            begin(1),
            Some("Invalid name: 'b c' because of character".to_owned())
        );
        assert_eq!(
            begin(2),
            Some("Format string '%(y' for 'inet_http_serve".to_owned())
        );
        assert_eq!(
            begin(3),
            Some("Format string '%(x)s' for 'inet_http_ser".to_owned())
        );
        assert_eq!(faults.len(), 4, "{faults:#?}");
    }

    #[test]
    fn a_malformed_file_is_read_as_far_as_it_goes() {
        let text = "stray\n[supervisord]\nnonsense\nminfds=x\n[program:a]\n";
        let faults = faults("malformed", text);
        let begins: Vec<&str> = faults
            .iter()
            .filter_map(|text| text.lines().next())
            .collect();
        assert_eq!(begins.len(), 4, "{faults:#?}");
        assert_eq!(begins[0], "File contains no section headers.");
        assert!(begins[1].starts_with("Source contains parsing errors: "));
        assert_eq!(begins[2], "invalid literal for int() with base 10: 'x'");
        assert_eq!(
            begins[3],
            "program section program:a does not specify a command"
        );
    }

    #[test]
    fn without_faults_there_is_a_configuration() {
        let survey = look_at("good", "[supervisord]\n[program:a]\ncommand=true\n");
        assert!(survey.faults.is_empty());
        assert_eq!(survey.config.map(|config| config.groups.len()), Some(1));
        let survey = look_at("none", "");
        assert_eq!(
            survey
                .faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            [".ini file does not include supervisord section"]
        );
    }

    #[test]
    fn what_only_the_client_reads_is_kept_apart() {
        let survey = look_at("client", "[supervisord]\n[supervisorctl]\nprompt=%(x)s\n");
        assert!(survey.faults.is_empty());
        assert_eq!(survey.client_faults.len(), 1);
    }

    /// Lines of every kind, good and bad.
    const LINES: &[&str] = &[
        "[supervisord]",
        "[program:a]",
        "[program:b c]",
        "[fcgi-program:a]",
        "[eventlistener:l]",
        "[group:g]",
        "[inet_http_server]",
        "[unix_http_server]",
        "[rpcinterface:supervisor]",
        "[include]",
        "[DEFAULT]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        "command=a",
        "command=%(nothing)s",
        "environment=A=\"1\"",
        "environment=A",
        "process_name=%(ENV_A)s",
        "numprocs=2",
        "numprocs=x",
        "stopasgroup=true",
        "killasgroup=false",
        "priority=x",
        "startsecs=",
        "stdout_logfile=/nowhere/x",
        "stdout_logfile=%%",
        "user=nemo",
        "user=root",
        "events=TICK_5,TOCK",
        "buffer_size=0",
        "redirect_stderr=yes",
        "programs=a,b,l",
        "socket=tcp://a:1",
        "socket=x",
        "socket_owner=root",
        "port=1",
        "port=x",
        "file=/tmp/s",
        "username=u",
        "password=%(",
        "minfds=x",
        "files=/nowhere/*",
        "nonsense",
        "  more",
    ];

    proptest! {
        /// The first fault is the one that the daemon stops at, and only what it accepts has none.
        #[test]
        fn a_survey_and_a_start_agree(lines in vec(select(LINES), 0..30), headed: bool) {
            let head = if headed { "[supervisord]\n" } else { "" };
            let file = std::env::temp_dir().join(format!("survey-any-{}.conf", std::process::id()));
            std::fs::write(&file, format!("{head}{}\n", lines.join("\n"))).expect("a file of our own");
            let context = LoadContext::for_tests();
            let found = survey(&command_line(&file), &context);
            let loaded = crate::config::load(&command_line(&file), &context);
            std::fs::remove_file(&file).expect("it was just written");
            prop_assert_eq!(found.faults.first(), loaded.as_ref().err());
            // The mending comes to an end.
            prop_assert!(found.config.is_some(), "{:#?}", found.faults);
            if let Ok(loaded) = loaded {
                prop_assert_eq!(found.config, Some(loaded));
            }
        }
    }
}
