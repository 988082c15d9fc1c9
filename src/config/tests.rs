//! Whole files, held against what the reference made of them (`fixtures/configs/record.py`), and what no file shows:
//! the search for the file, the command line over it, the difference between a start and a reread.

mod article;
mod beyond;
pub mod extensions;

use std::fs;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use super::command_line::{CommandLine, Request, parse};
use super::context::LoadContext;
use super::error::ConfigError;
use super::types::{Config, MainLog, MainLogFormat, ServerAddress, ServerConfig};
use super::users::UserDatabase;
use super::{dump, find_config_file, load, reread, search_paths, server};

/// The context under which the answers were recorded.
fn recorded_context() -> LoadContext {
    let environment = [
        ("HOME", "/"),
        ("FOO", "foo value"),
        ("PERCENT", "50%"),
        ("TMPDIR", "/tmp"),
    ];
    LoadContext {
        argv0: "supervisord".into(),
        cwd: Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/configs"),
        environment: environment
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        hostname: "box.example".to_owned(),
        uid: 1000,
        users: UserDatabase::from_text("root:x:0:0:root:/root:/bin/sh\n", "root:x:0:\n"),
    }
}

/// One-line JSON as Python's `json.dumps(…, indent=1)` lays it out.
fn indented(json: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut in_string = false;
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        let mut break_line = |depth: usize| {
            out.push('\n');
            out.push_str(&" ".repeat(depth));
        };
        match character {
            '\\' if in_string => {
                out.push(character);
                out.extend(characters.next());
            }
            '"' => {
                in_string = !in_string;
                out.push(character);
            }
            _ if in_string => out.push(character),
            '{' | '[' => {
                out.push(character);
                if let Some(close) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    out.push('\n');
                    out.push_str(&" ".repeat(depth));
                }
            }
            '}' | ']' => {
                depth -= 1;
                break_line(depth);
                out.push(character);
            }
            ',' => {
                characters.next_if_eq(&' ');
                out.push(character);
                out.push('\n');
                out.push_str(&" ".repeat(depth));
            }
            other => out.push(other),
        }
    }
    out
}

/// Compares every file of a folder with its recorded answer; gives the number of files.
fn compare_with_recorded(folder: &str) -> usize {
    let context = recorded_context();
    let mut count = 0;
    let mut different = Vec::new();
    for entry in fs::read_dir(context.cwd.join(folder)).expect("the folder of fixtures") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|extension| extension != "conf") {
            continue;
        }
        count += 1;
        let name = path.strip_prefix(&context.cwd).expect("a file below it");
        let line = CommandLine {
            config_file: Some(name.to_string_lossy().as_ref().into()),
            ..CommandLine::default()
        };
        let answer = match load(&line, &context) {
            Ok(config) => dump::dump(&config),
            Err(error) => format!("{{\"error\": {}}}", dump::text(&error.to_string())),
        };
        let here = context.cwd.to_string_lossy();
        let answer = indented(&answer).replace(here.as_ref(), "@HERE@") + "\n";
        let recorded = fs::read_to_string(path.with_extension("json")).expect("a recorded answer");
        if answer != recorded {
            different.push(format!(
                "{}:\n{}",
                name.display(),
                first_difference(&recorded, &answer)
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    count
}

fn first_difference(recorded: &str, ours: &str) -> String {
    let mut pairs = recorded.lines().zip(ours.lines());
    match pairs.find(|(one, other)| one != other) {
        Some((one, other)) => format!("  recorded: {one}\n  ours:     {other}"),
        None => "  one is longer".to_owned(),
    }
}

// INI, EXP, INC, TYP, SUP, SRV, PRG, NAM, ELC, FCC rows: see the comments in the files.
#[test]
fn accepted_files_have_the_recorded_values() {
    assert!(compare_with_recorded("accepted") > 10);
}

// The same rows, ERR-001 to ERR-004 and the orders of SUP-019, PRG-029, ELC-006, FCC-008.
#[test]
fn refused_files_have_the_recorded_words() {
    assert!(compare_with_recorded("refused") > 80);
}

/// A folder of its own that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("config-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
        fs::write(path, text).expect("a temporary file");
    }

    fn context(&self) -> LoadContext {
        LoadContext {
            cwd: self.0.clone(),
            ..LoadContext::for_tests()
        }
    }

    fn load(&self, words: &[&str]) -> Result<Config, ConfigError> {
        load(&command_line(words, &self.context())?, &self.context())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing else to do about a folder that will not go.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command_line(words: &[&str], context: &LoadContext) -> Result<CommandLine, ConfigError> {
    let words: Vec<BString> = words.iter().map(|&word| word.into()).collect();
    match parse(&words, context)? {
        Request::Run(line) => Ok(*line),
        other => panic!("{other:?}"),
    }
}

// CLI-011, CLI-013
#[test]
fn the_command_line_stands_over_the_file() {
    let folder = Folder::new("over");
    folder.write(
        "x.conf",
        "[supervisord]\nnodaemon=true\nloglevel=warn\nlogfile=a.log\nidentifier=file\numask=077\nuser=nope\n",
    );
    let config = folder
        .load(&[
            "-c", "x.conf", "-l", "b.log", "-e", "debug", "-u", "web", "-q", "/", "-m", "0",
        ])
        .expect("a good configuration");
    let daemon = config.supervisord;
    assert!(daemon.nodaemon);
    assert_eq!(daemon.logfile, MainLog::File(folder.0.join("b.log")));
    assert_eq!(daemon.loglevel, 10);
    assert_eq!(daemon.identifier, "file");
    assert_eq!(daemon.user, Some(1001));
    assert_eq!(daemon.umask, 0);
    assert_eq!(daemon.childlogdir, Path::new("/"));
    assert_eq!(daemon.pidfile, folder.0.join("supervisord.pid"));
    assert_eq!(config.config_file, "x.conf");
}

// GO-015, GO-414: the file says more than the variable, and a variable for somebody else is no error.
#[test]
fn the_form_of_the_log_comes_from_the_file_or_the_environment() {
    let folder = Folder::new("log-format");
    let format = |text: &str, variable: &str| {
        folder.write("x.conf", &format!("[supervisord]\n{text}\n"));
        let context = LoadContext {
            environment: vec![("LOG_FORMAT".into(), variable.into())],
            ..folder.context()
        };
        let line = command_line(&["-cx.conf"], &context).expect("a good command line");
        load(&line, &context).map(|config| config.supervisord.log_format)
    };
    let (text, json) = (MainLogFormat::Text, MainLogFormat::Json);
    assert_eq!(format("", ""), Ok(text));
    assert_eq!(format("", "JSON"), Ok(json));
    assert_eq!(format("", "combined"), Ok(text));
    assert_eq!(format("log_format=text", "json"), Ok(text));
    assert_eq!(format("log_format = Json", ""), Ok(json));
    assert_eq!(format("log_format =", "json"), Ok(json));
    let error = format("log_format=xml", "").expect_err("no such format");
    assert_eq!(error.to_string(), "'xml' is none of text, json");
}

// SUP-001, SUP-019: a value of the file is checked even when the command line replaces it.
#[test]
fn values_of_the_file_are_checked_even_when_replaced() {
    let folder = Folder::new("checked");
    folder.write("x.conf", "[supervisord]\nloglevel=loud\nlogfile=syslog\n");
    let error = folder
        .load(&["-cx.conf", "-e", "info"])
        .expect_err("a bad level");
    assert_eq!(error.to_string(), "bad logging level name 'loud'");
    folder.write("x.conf", "[supervisord]\nlogfile=syslog\n");
    let config = folder.load(&["-cx.conf"]).expect("a good configuration");
    assert_eq!(config.supervisord.logfile, MainLog::Syslog);
    let config = folder
        .load(&["-cx.conf", "-l", "Syslog"])
        .expect("a good configuration");
    assert_eq!(
        config.supervisord.logfile,
        MainLog::File(folder.0.join("Syslog"))
    );
}

// CLI-008, SUP-013, RRD-002, PLG-003: what only a start looks at.
#[test]
fn a_reread_does_not_look_the_user_up_nor_make_interfaces() {
    let folder = Folder::new("reread");
    folder.write(
        "x.conf",
        "[supervisord]\nuser=nope\n[inet_http_server]\nport=1\n[rpcinterface:x]\nkey=1\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    );
    let error = folder.load(&["-cx.conf"]).expect_err("an unknown user");
    assert_eq!(error.to_string(), "Invalid user name nope");
    let error = folder
        .load(&["-cx.conf", "-uweb"])
        .expect_err("a key too many");
    assert_eq!(error.to_string(), "Could not make x rpc interface");
    let line = command_line(&["-cx.conf"], &folder.context()).expect("a good command line");
    let config = reread(&line, &folder.context()).expect("a good reread");
    assert_eq!(config.supervisord.user, None);
    assert_eq!(config.rpc_interfaces[0].extra_keys, ["key"]);
}

// CFL-001, CFL-003
#[test]
fn the_places_searched_follow_the_name_of_the_program() {
    let places = |argv0: &str| {
        let context = LoadContext {
            argv0: argv0.into(),
            ..LoadContext::for_tests()
        };
        search_paths(&context)[..3].to_vec()
    };
    assert_eq!(
        places("/usr/bin/supervisord"),
        [
            "/usr/etc/supervisord.conf",
            "/usr/supervisord.conf",
            "supervisord.conf"
        ]
    );
    assert_eq!(
        places("./supervisord"),
        [
            "etc/supervisord.conf",
            "supervisord.conf",
            "supervisord.conf"
        ]
    );
}

// CFL-001, CFL-004
#[test]
fn the_first_place_that_exists_wins() {
    let folder = Folder::new("search");
    let mut context = folder.context();
    context.argv0 = folder
        .0
        .join("bin/supervisord")
        .to_string_lossy()
        .as_ref()
        .into();
    if let Err(error) = find_config_file(&context) {
        let shown = error.to_string();
        assert!(
            shown.starts_with("No config file found at default paths ("),
            "{shown}"
        );
        assert!(
            shown.ends_with(
                "etc/supervisord.conf, /etc/supervisord.conf, /etc/supervisor/supervisord.conf); use the -c option to \
                 specify a config file at a different path"
            ),
            "{shown}"
        );
    }
    folder.write("supervisord.conf", "[supervisord]\nidentifier=second\n");
    // Found as <prefix>/supervisord.conf, before the same file as a relative path.
    let found = find_config_file(&context).expect("a file is there");
    assert_eq!(
        found,
        folder.0.join("supervisord.conf").to_string_lossy().as_ref()
    );
    folder.write("etc/supervisord.conf", "[supervisord]\nidentifier=first\n");
    let config = load(&CommandLine::default(), &context).expect("a good configuration");
    assert_eq!(config.supervisord.identifier, "first");
    assert!(config.config_file.ends_with(b"/etc/supervisord.conf"));
}

// CFL-006, ERR-001
#[test]
fn a_file_that_cannot_be_read_is_told_from_a_missing_one() {
    let folder = Folder::new("unreadable");
    let error = folder.load(&["-c", "no.conf"]).expect_err("no file");
    assert_eq!(error.to_string(), "could not find config file no.conf");
    assert_eq!(
        error.usage_text(b"/opt/bin/supervisord".as_bstr()),
        "Error: could not find config file no.conf\nFor help, use /opt/bin/supervisord -h\n"
    );
    let error = folder.load(&["-c", "."]).expect_err("a folder");
    assert_eq!(error.to_string(), "could not read config file .");
    let error = folder.load(&["-c", ""]).expect_err("no name");
    assert_eq!(error.to_string(), "could not find config file ");
}

// INC-009
#[test]
fn an_included_file_that_cannot_be_opened_is_reported_as_included() {
    let folder = Folder::new("dangling");
    folder.write("x.conf", "[supervisord]\n[include]\nfiles=*.inc\n");
    std::os::unix::fs::symlink("nowhere", folder.0.join("a.inc")).expect("a link");
    let config = folder.load(&["-cx.conf"]).expect("a good configuration");
    let expected = format!(
        "Included extra file \"{}/a.inc\" during parsing",
        folder.0.display()
    );
    assert_eq!(config.messages.infos, [expected]);
    assert!(config.messages.warnings.is_empty());
}

fn server_at(address: ServerAddress) -> ServerConfig {
    ServerConfig {
        section: String::new(),
        address,
        username: None,
        password: None,
        allowed_hosts: Vec::new(),
        nodename: None,
        metrics_auth: true,
        health_auth: true,
    }
}

// SRV-010, QRK-013
#[test]
fn the_server_url_is_the_first_unix_or_the_last_inet_server() {
    let inet = |host: &str, port| {
        server_at(ServerAddress::Inet {
            host: host.to_owned(),
            port,
        })
    };
    let unix = |path: &str| {
        server_at(ServerAddress::Unix {
            path: path.into(),
            mode: 0o700,
            owner: None,
            group: None,
        })
    };
    assert_eq!(server::server_url(&[]), None);
    assert_eq!(
        server::server_url(&[inet("a", 1), inet("", 2)]).as_deref(),
        Some("http://localhost:2")
    );
    assert_eq!(
        server::server_url(&[inet("a", 1), unix("/x"), unix("/y")]).as_deref(),
        Some("unix:///x")
    );
}

// RRD-005, RRD-006, RRD-007: what counts as a change of a group.
#[test]
fn groups_are_equal_when_the_reference_finds_them_equal() {
    let folder = Folder::new("equal");
    let group = |text: &str| {
        folder.write("x.conf", &format!("[supervisord]\n{text}"));
        let mut config = folder.load(&["-cx.conf"]).expect("a good configuration");
        config.groups.remove(0)
    };
    let program = |options: &str| group(&format!("[program:x]\ncommand=x\n{options}"));
    let plain = program("");
    assert_eq!(plain, program("stdout_logfile=/tmp/x.log\n"));
    assert_eq!(plain, program("stderr_logfile=AUTO\nunknown=1\n"));
    for options in [
        "stdout_logfile=/tmp/x.log\nstdout_logfile_maxbytes=1",
        "priority=1",
        "environment=A=1",
        "exitcodes=0,1",
        "serverurl=",
        "user=web",
        "process_name=y",
    ] {
        assert_ne!(plain, program(options), "{options}");
    }
    assert_ne!(
        plain,
        group("[eventlistener:x]\ncommand=x\nevents=EVENT\npriority=999\n")
    );

    let pool = |events: &str| group(&format!("[eventlistener:x]\ncommand=x\nevents={events}\n"));
    assert_eq!(pool("TICK_5,TICK_60"), pool("tick_60,TICK_5,TICK_5"));
    assert_ne!(pool("TICK_5,TICK_60"), pool("TICK_5"));

    let fcgi = |options: &str| group(&format!("[fcgi-program:x]\ncommand=x\n{options}"));
    assert_eq!(
        fcgi("socket=unix:///x\n"),
        fcgi("socket=unix:///x\nsocket_mode=0777\nsocket_backlog=1")
    );
    assert_ne!(fcgi("socket=unix:///x\n"), fcgi("socket=unix:///y\n"));
}

// NAM-012, QRK-032: in the reference a program in a group loses its socket.
#[test]
fn a_fastcgi_program_keeps_its_socket_in_a_group() {
    let folder = Folder::new("fcgi-in-group");
    folder.write(
        "x.conf",
        "[supervisord]\n[group:g]\nprograms=p,f,bad\n[program:p]\ncommand=p\n\
         [fcgi-program:f]\ncommand=f\nsocket=unix:///f.sock\nnumprocs=2\nprocess_name=%(process_num)d\n\
         [fcgi-program:bad]\ncommand=f\n",
    );
    let config = folder.load(&["-cx.conf"]).expect("a good configuration");
    let group = &config.groups[0];
    let urls: Vec<Option<&str>> = group
        .processes
        .iter()
        .map(|process| process.socket.as_ref().map(|socket| socket.url.as_str()))
        .collect();
    let url = Some("unix:///f.sock");
    assert_eq!(urls, [None, url, url, None]);
    assert_eq!(group.sockets().len(), 1);
    assert!(config.messages.warnings.is_empty());
    assert_eq!(
        config.messages.own_warnings,
        [
            "[fcgi-program:bad] runs without a FastCGI socket: [fcgi-program:bad] section requires a \"socket\" line"
        ]
    );
}
