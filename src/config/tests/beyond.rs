//! What the reference refuses or ignores in the file as a whole, and what it means here: the rows of the Go version about
//! syntax, sections and servers (GO-097 to GO-125, GO-244 to GO-270).

use super::extensions::{Folder, load};
use crate::config::command_line::CommandLine;
use crate::config::extensions::{Extensions, Hooks, LogTarget, Reaction, StreamExtensions};
use crate::config::find_config_file;
use crate::config::types::{Autorestart, Config, LogFile, MainLog, MainLogFormat, ServerAddress};
use crate::model::signal::Signal;

fn good(text: &str) -> Config {
    load(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The process names of all groups with one thing about each.
fn each<T>(
    config: &Config,
    about: impl Fn(&crate::config::types::ProcessConfig) -> T,
) -> Vec<(String, T)> {
    let processes = config.groups.iter().flat_map(|group| &group.processes);
    processes
        .map(|process| (process.name.clone(), about(process)))
        .collect()
}

fn pairs<T: Clone>(expected: &[(&str, T)]) -> Vec<(String, T)> {
    let owned = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    owned.collect()
}

// GO-097, GO-098
#[test]
fn option_names_count_in_any_case() {
    let config = good("[supervisord]\n[program:x]\nCommand=a\nrestartPause=3\nenvFiles=/x.env\n");
    let more = config.groups[0].processes[0]
        .extensions
        .as_deref()
        .expect("an extension");
    assert_eq!((more.restartpause, more.env_files.len()), (3, 1));
}

// GO-099, SEED-010, SEED-011
#[test]
fn old_spellings_count_with_a_warning_unless_the_new_one_is_there() {
    let config = good("[supervisord]\nlogfileMaxbytes=5MB\nlogfileBackups = 3\n");
    assert_eq!(config.supervisord.logfile_maxbytes, 5 << 20);
    assert_eq!(config.supervisord.logfile_backups, 3);
    assert_eq!(
        config.messages.own_warnings,
        [
            "For [supervisord], logfilemaxbytes is read as logfile_maxbytes, which is how it is written",
            "For [supervisord], logfilebackups is read as logfile_backups, which is how it is written",
        ]
    );
    let config = good("[supervisord]\nlogfile_backups=7\nlogfileBackups=3\n");
    assert_eq!(config.supervisord.logfile_backups, 7);
    // Only there.
    let config = good("[supervisord]\n[program:x]\ncommand=a\nlogfileBackups=3\n");
    assert!(config.messages.own_warnings.is_empty());
}

// GO-101 to GO-106, GO-108
#[test]
fn the_syntax_is_the_references() {
    let config = good(
        "[supervisord]\n[program:x]\ncommand=a \\n ${HOME} \\\n  b ; comment\nprocess_name=x #y\n",
    );
    let expected = pairs(&[("x", "a \\n ${HOME} \\\nb".into())]);
    assert_eq!(each(&config, |process| process.command.clone()), expected);
    assert!(load("a=1\n[supervisord]\n").is_err());
}

// GO-110
#[test]
fn programs_alone_are_enough() {
    let config = good("[program:test]\ncommand=/bin/cat\n");
    assert_eq!(config.groups.len(), 1);
    assert_eq!(config.supervisord.identifier, "supervisor");
    assert_eq!(
        config.messages.own_warnings,
        ["There is no [supervisord] section, its defaults are used"]
    );
    for text in [
        "",
        "[group:x]\nprograms=\n",
        "[eventlistener:x]\ncommand=a\n",
        "[program-default]\n",
    ] {
        let error = load(text).expect_err(text);
        assert_eq!(error, ".ini file does not include supervisord section");
    }
}

// GO-111
#[test]
fn no_interface_has_to_be_asked_for() {
    let config = good("[supervisord]\n[inet_http_server]\nport=:9001\n");
    assert!(config.rpc_interfaces.is_empty());
}

// GO-118
#[test]
fn booleans_have_two_letters_more() {
    let config = good("[supervisord]\nnodaemon=t\n[program:x]\ncommand=a\nautostart=F\n");
    assert!(config.supervisord.nodaemon);
    assert_eq!(
        each(&config, |process| process.autostart),
        pairs(&[("x", false)])
    );
}

// GO-119, GO-117
#[test]
fn sizes_may_leave_their_b_out_and_nothing_falls_back() {
    let config = good(
        "[supervisord]\nlogfile_maxbytes=2m\n[program:x]\ncommand=a\nstdout_logfile_maxbytes=1G\n",
    );
    assert_eq!(config.supervisord.logfile_maxbytes, 2 << 20);
    assert_eq!(
        each(&config, |process| process.stdout.logfile_maxbytes),
        pairs(&[("x", 1 << 30)])
    );
    assert!(load("[supervisord]\nlogfile_maxbytes=2x\n").is_err());
}

// GO-122 to GO-125
#[test]
fn programs_have_defaults_of_their_own_section() {
    let folder = Folder::new();
    folder.write(
        "more.conf",
        "[program-default]\nstartsecs=7\nenvironment=A=1,B=2\npriority=5\n",
    );
    let config = folder.load(
        "[program:own]\ncommand=a\nstartsecs=1\nenvironment=B=3\n\
         [supervisord]\n\
         [program:x]\ncommand=a\n\
         [eventlistener:l]\ncommand=a\nevents=EVENT\n\
         [fcgi-program:f]\ncommand=a\nsocket=tcp://localhost:1\n\
         [DEFAULT]\nstartsecs=3\nstartretries=9\n\
         [include]\nfiles=more.conf\n",
    );
    let config = config.expect("a good file");
    assert_eq!(
        each(&config, |process| (process.startsecs, process.startretries)),
        pairs(&[("l", (3, 9)), ("own", (1, 9)), ("x", (7, 9)), ("f", (3, 9))])
    );
    let environments = each(&config, |process| process.environment.len());
    assert_eq!(
        environments,
        pairs(&[("l", 0), ("own", 1), ("x", 2), ("f", 0)])
    );
    let priorities: Vec<i64> = config.groups.iter().map(|group| group.priority).collect();
    assert_eq!(priorities, [-1, 5, 5, 999]);
}

// GO-122
#[test]
fn a_mistake_among_the_defaults_is_told_of_a_program() {
    let error = load("[supervisord]\n[program-default]\nstartsecs=x\n[program:x]\ncommand=a\n");
    let expected =
        "invalid literal for int() with base 10: 'x' in section 'program:x' (file: 'x.conf')";
    assert_eq!(error.expect_err("a mistake"), expected);
}

// GO-255, SEED-012
#[test]
fn levels_have_three_names_more() {
    for (name, number) in [("warning", 30), ("Fatal", 50), ("panic", 50), ("debug", 10)] {
        let config = good(&format!("[supervisord]\nloglevel={name}\n"));
        assert_eq!(config.supervisord.loglevel, number, "{name}");
    }
}

// GO-015
#[test]
fn the_form_of_the_log_is_an_option_too() {
    let form = |options: &str| {
        good(&format!("[supervisord]\n{options}\n"))
            .supervisord
            .log_format
    };
    assert_eq!(form(""), MainLogFormat::Text);
    assert_eq!(form("log_format=JSON"), MainLogFormat::Json);
    assert!(load("[supervisord]\nlog_format=xml\n").is_err());
}

// GO-260, GO-261, SEED-014
#[test]
fn a_port_is_what_go_listens_on() {
    for (port, host) in [
        (" :9001", ""),
        ("127.0.0.1:9001", "127.0.0.1"),
        ("localhost:9001", "localhost"),
        ("[::1]:9001", "[::1]"),
        ("9001", ""),
        ("*:9001", ""),
    ] {
        let config = good(&format!(
            "[supervisord]\n[inet_http_server]\nport ={port}\n"
        ));
        let host = host.to_owned();
        assert_eq!(
            config.servers[0].address,
            ServerAddress::Inet { host, port: 9001 }
        );
    }
}

// GO-262, SRV-005, SEED-015: as the reference, which asks for both or neither and lets an empty name protect nothing.
#[test]
fn empty_credentials_are_no_credentials() {
    let server = |options: &str| {
        load(&format!(
            "[supervisord]\n[inet_http_server]\nport=:9001\n{options}\n"
        ))
    };
    for options in [
        "username=\npassword=",
        "username=\npassword=x",
        "username=x\npassword=",
    ] {
        assert!(server(options).is_ok(), "{options}");
    }
    for options in ["username=", "password=x"] {
        let error = server(options).expect_err(options);
        assert!(
            error.starts_with("Section [inet_http_server] contains incomplete authentication"),
            "{error}"
        );
    }
}

// GO-020, GO-023, GO-024
#[test]
fn the_ini_file_of_the_go_version_is_looked_for_last() {
    let folder = Folder::new();
    let context = folder.context();
    folder.write("supervisord.ini", "[supervisord]\n");
    assert_eq!(find_config_file(&context), Ok("supervisord.ini".into()));
    folder.write("etc/supervisord.conf", "[supervisord]\n");
    assert_eq!(
        find_config_file(&context),
        Ok("etc/supervisord.conf".into())
    );
    let missing = CommandLine {
        config_file: Some("no.conf".into()),
        ..CommandLine::default()
    };
    assert!(crate::config::load(&missing, &context).is_err());
}

// GO-142, GO-244, GO-245, GO-248
#[test]
fn names_are_filled_in_as_widely_as_in_the_reference() {
    let config = good(
        "[supervisord]\n[program:x]\ncommand=%(ENV_OWN)s %(process_num)03d %(group_name)s %(host_node_name)s\n\
         environment=OWN=\"%(program_name)s\"\nconf_file=%(here)s/%(program_name)s.ini\n",
    );
    assert_eq!(
        each(&config, |process| process.command.clone()),
        pairs(&[("x", "x 000 x box.example".into())])
    );
    let path = config.groups[0].processes[0]
        .extensions
        .as_deref()
        .and_then(|more| more.conf_file.clone());
    assert!(path.is_some_and(|path| path.ends_with("x.ini")));
}

// SEED-009 to SEED-032
#[test]
fn the_samples_of_the_article_mean_what_it_says() {
    let folder = Folder::new();
    let config = folder
        .load(include_str!("../../../fixtures/go/article.conf"))
        .expect("a good file");
    let here = &folder.0;

    let daemon = &config.supervisord;
    assert_eq!(daemon.logfile, MainLog::File(here.join("supervisord.log"))); // SEED-009
    assert_eq!(daemon.logfile_maxbytes, 50 << 20); // SEED-010
    assert_eq!(daemon.logfile_backups, 10); // SEED-011
    assert_eq!(daemon.loglevel, 10); // SEED-012
    assert_eq!(daemon.pidfile, here.join("supervisord.pid")); // SEED-013
    let spellings: Vec<&str> = config
        .messages
        .own_warnings
        .iter()
        .filter_map(|line| line.split(' ').nth(2))
        .collect();
    assert_eq!(spellings, ["logfilemaxbytes", "logfilebackups"]);

    let [server] = config.servers.as_slice() else {
        panic!("one server, not {:?}", config.servers);
    };
    let (host, port) = (String::new(), 9001);
    assert_eq!(server.address, ServerAddress::Inet { host, port }); // SEED-014
    let nothing = Some(String::new());
    assert_eq!((&server.username, &server.password), (&nothing, &nothing)); // SEED-015
    assert!(config.rpc_interfaces.is_empty()); // SEED-016

    let [group] = config.groups.as_slice() else {
        panic!("one group, not {:?}", config.groups);
    };
    let [process] = group.processes.as_slice() else {
        panic!("one process, not {:?}", group.processes);
    };
    assert_eq!(
        (group.name.as_str(), process.name.as_str()),
        ("sample", "sample")
    ); // SEED-022
    assert_eq!(process.command, "./bin/sample --serve"); // SEED-020, SEED-021
    let directory = process.directory.as_ref().expect("one is given");
    assert_eq!(directory.as_slice(), here.as_os_str().as_encoded_bytes());
    let log = LogFile::Path("test.log".into());
    assert_eq!(
        (&process.stdout.logfile, &process.stderr.logfile),
        (&log, &log)
    ); // SEED-023, SEED-024
    assert!(process.autostart); // SEED-026
    assert_eq!(process.autorestart, Autorestart::Always);
    assert_eq!((process.startsecs, process.startretries), (3, 3)); // SEED-027
    assert_eq!(process.exitcodes, [0, 2]); // SEED-028
    assert_eq!(
        (process.stopsignal, process.stopwaitsecs),
        (Signal::TERM, 10)
    ); // SEED-029
    assert!(process.stopasgroup && process.killasgroup); // SEED-030
    let more = process.extensions.as_deref().expect("it uses some");
    let expected = Extensions {
        binary_watch: Some(Reaction::Restart), // SEED-025
        hooks: Hooks {
            timeout: 60,
            ..Hooks::default()
        },
        stdout: StreamExtensions {
            further_targets: vec![LogTarget::Stdout],
            written: Some("test.log, /dev/stdout".to_owned()),
            ..StreamExtensions::default()
        },
        stderr: StreamExtensions {
            further_targets: vec![LogTarget::Stderr],
            written: Some("test.log, /dev/stderr".to_owned()),
            ..StreamExtensions::default()
        },
        ..Extensions::default()
    };
    assert_eq!(*more, expected);
}

// SEED-031, SEED-032
#[test]
fn without_a_stop_signal_it_is_term_and_killwaitsecs_is_known() {
    let config = good("[program:x]\ncommand=a\nkillwaitsecs=5\n");
    let process = &config.groups[0].processes[0];
    assert_eq!(process.stopsignal, Signal::TERM);
    assert_eq!(
        process
            .extensions
            .as_deref()
            .and_then(|more| more.killwaitsecs),
        Some(5)
    );
}

#[test]
fn a_dump_shows_what_is_beyond_the_reference() {
    let config = good(
        "[supervisord]\n[inet_http_server]\nport=1\nallowed_hosts=a,b\nnodename=me\nhealth_auth=off\n\
         [program:db]\ncommand=a\n\
         [program:x]\ncommand=a\nstopsignal=TERM INT\nkillwaitsecs=1\nrestartpause=2\nrestart_delay=3\non_fatal=shutdown\n\
         depends_on=db\npre_start_hook=a b\nliveness_check_script=http://x -H 'A: b' -d t\ncron=@daily\n\
         restart_when_binary_changed=true\nrestart_signal_when_binary_changed=HUP\nrestart_directory_monitor=/src\n\
         envfiles=-/x.env\nuser=web:staff\nuser_environment=1\nconf_file=/x.ini\nstdout_logfile=a.log,syslog @h\n\
         stdout_log_format=json\nsyslog_facility=user\nsyslog_tag=t\n",
    );
    let shown = crate::config::dump::dump(&config);
    let server = "\"port\": 1, \"allowed_hosts\": [\"a\", \"b\"], \"nodename\": \"me\", \"health_auth\": false}";
    assert!(shown.contains(server), "{shown}");
    let (_, more) = shown
        .split_once("\"extensions\": ")
        .expect("one process has some");
    let (more, _) = more
        .split_once("}]}]")
        .expect("it is the last of the groups");
    assert_eq!(
        more,
        "{\"further_stopsignals\": [2], \"killwaitsecs\": 1, \"restartpause\": 2, \"restart_delay\": 3, \
         \"restart_delay_max\": 300, \"on_fatal\": \"shutdown\", \"depends_on\": [\"db:db\"], \
         \"pre_start_hook\": {\"command\": [\"a\", \"b\"]}, \"hook_timeout\": 60, \"pre_start_hook_required\": false, \
         \"liveness\": {\"check\": {\"url\": \"http://x\", \"headers\": [\"A: b\"], \"data\": \"t\"}, \"initial_delay\": 60, \
         \"period\": 60, \"timeout\": 30, \"success_threshold\": 1, \"failure_threshold\": 3, \"failure_action\": \"restart\"}, \
         \"cron\": \"@daily\", \"restart_when_binary_changed\": [1], \"restart_directory_monitor\": \"/src\", \
         \"restart_file_pattern\": \"*\", \"when_file_changed\": \"restart\", \"envfiles\": [\"-/x.env\"], \"gid\": 50, \
         \"user_environment\": true, \"conf_file\": \"/x.ini\", \"stdout\": {\"further_targets\": [\"syslog @udp:h:514\"], \
         \"log_format\": \"json\", \"written\": \"a.log,syslog @h\"}, \"syslog_facility\": 1, \"syslog_tag\": \"t\"}"
    );
}
