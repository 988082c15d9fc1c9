//! What the reference refuses or ignores in the file as a whole, and what it means here: the rows of the Go version about
//! syntax, sections and servers (GO-097 to GO-125, GO-244 to GO-270).

use super::extensions::{Folder, load};
use crate::config::command_line::CommandLine;
use crate::config::find_config_file;
use crate::config::types::{
    Autorestart, Config, GroupKind, LogFile, MainLog, MainLogFormat, ServerAddress,
};
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

/// One process of a file that has only it and these options.
fn one(options: &str) -> std::rc::Rc<crate::config::types::ProcessConfig> {
    let config = good(&format!(
        "[supervisord]\n[program:x]\ncommand=a\n{options}\n"
    ));
    std::rc::Rc::clone(&config.groups[0].processes[0])
}

// GO-126, GO-127, GO-131, GO-133, GO-144, GO-154
#[test]
fn defaults_are_the_references() {
    let process = one("");
    assert_eq!(process.exitcodes, [0]);
    assert_eq!((process.startsecs, process.startretries), (1, 3));
    assert_eq!(
        (process.stopsignal, process.stopwaitsecs),
        (Signal::TERM, 10)
    );
    assert_eq!(process.stdout.logfile, LogFile::Auto);
    assert_eq!(process.autorestart, Autorestart::Unexpected);
    let asgroup = one("stopasgroup=true");
    assert!(asgroup.killasgroup);
    assert!(
        load("[supervisord]\n[program:x]\ncommand=a\nstopasgroup=true\nkillasgroup=false\n")
            .is_err()
    );
    let more = one("umask=027\nserverurl=http://x:1\nstdout_syslog=true");
    assert_eq!((more.umask, more.stdout.syslog), (Some(0o27), true));
    assert_eq!(more.serverurl.as_deref(), Some("http://x:1"));
}

// GO-126
#[test]
fn a_blank_after_a_comma_loses_no_exit_code() {
    assert_eq!(one("exitcodes=0, 2").exitcodes, [0, 2]);
}

// GO-134, GO-135, GO-136, GO-137
#[test]
fn processes_are_counted_and_named_as_in_the_reference() {
    let names = |options: &str| {
        let config = load(&format!(
            "[supervisord]\n[program:x]\ncommand=a\n{options}\n"
        ))?;
        Ok::<_, String>(
            each(&config, |_| ())
                .into_iter()
                .map(|(name, ())| name)
                .collect::<Vec<_>>(),
        )
    };
    let numbered = "process_name=%(program_name)s%(process_num)d";
    assert_eq!(names(numbered), Ok(vec!["x0".to_owned()]));
    let two = names(&format!("{numbered}\nnumprocs=2\nnumprocs_start=5"));
    assert_eq!(two, Ok(vec!["x5".to_owned(), "x6".to_owned()]));
    assert!(names("numprocs=2").is_err());
    let process = one("process_name=own\nstdout_logfile=%(program_name)s.log");
    assert_eq!(process.name, "own");
    assert_eq!(process.stdout.logfile, LogFile::Path("x.log".into()));
}

// GO-141, GO-143
#[test]
fn values_are_not_trimmed_and_home_is_not_expanded() {
    let process = one("environment=A=\" x \",B='y,z',C=plain\ndirectory=~/x");
    let values: Vec<String> = process
        .environment
        .values()
        .map(ToString::to_string)
        .collect();
    assert_eq!(values, [" x ", "y,z", "plain"]);
    assert!(
        process
            .directory
            .as_ref()
            .is_some_and(|place| place == "~/x")
    );
}

// GO-145, GO-146, GO-147, GO-148, GO-151, GO-152, GO-234, GO-242, GO-243
#[test]
fn single_words_for_logs_are_the_references() {
    let log = |value: &str| {
        one(&format!("stdout_logfile={value}"))
            .stdout
            .logfile
            .clone()
    };
    assert_eq!(log("NONE"), LogFile::None);
    assert_eq!(log(""), LogFile::Path("".into()));
    assert_eq!(log("/dev/null"), LogFile::Path("/dev/null".into()));
    assert_eq!(log("/dev/stdout"), LogFile::Path("/dev/stdout".into()));
    assert!(
        load("[supervisord]\n[program:x]\ncommand=a\nstdout_logfile=/nonexistent/x\n").is_err()
    );
    let kept =
        one("stdout_logfile_maxbytes=0\nstdout_logfile_backups=0\nstderr_capture_maxbytes=1KB");
    assert_eq!(
        (kept.stdout.logfile_maxbytes, kept.stdout.logfile_backups),
        (0, 0)
    );
    assert_eq!(
        (kept.stdout.capture_maxbytes, kept.stderr.capture_maxbytes),
        (0, 1024)
    );
    assert!(!kept.redirect_stderr);
}

// GO-240, GO-253, GO-254, GO-256 to GO-258, GO-155
#[test]
fn the_daemon_has_the_references_options_and_defaults() {
    let folder = Folder::new();
    let config = folder.load("[supervisord]\n").expect("a good file");
    let daemon = &config.supervisord;
    assert_eq!(
        daemon.logfile,
        MainLog::File(folder.0.join("supervisord.log"))
    );
    assert_eq!(daemon.pidfile, folder.0.join("supervisord.pid"));
    assert_eq!((daemon.minfds, daemon.minprocs), (1024, 200));
    assert_eq!(
        (daemon.loglevel, daemon.identifier.as_str()),
        (20, "supervisor")
    );
    let config = good(
        "[supervisord]\nlogfile=syslog\nidentifier=me\nnocleanup=true\nstrip_ansi=true\numask=077\n",
    );
    assert_eq!(config.supervisord.logfile, MainLog::Syslog);
    assert_eq!(
        (config.supervisord.umask, config.supervisord.strip_ansi),
        (0o77, true)
    );
    let config = good("[supervisord]\nlogfile=/dev/stdout\nloglevel=error\npidfile=/x.pid\n");
    assert_eq!(
        config.supervisord.logfile,
        MainLog::File("/dev/stdout".into())
    );
    assert_eq!(
        (config.supervisord.loglevel, &config.supervisord.pidfile),
        (40, &"/x.pid".into())
    );
}

// GO-153, GO-271 to GO-274, GO-276
#[test]
fn groups_and_listeners_are_the_references() {
    let config = good(
        "[supervisord]\n[group:g]\nprograms=a,b\npriority=5\n[program:a]\ncommand=a\npriority=2\n[program:b]\ncommand=b\n\
         priority=1\n[program:c]\ncommand=c\n[eventlistener:l]\ncommand=l\nevents=TICK_5\nautostart=false\n",
    );
    let groups: Vec<(&str, i64)> = config
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.priority))
        .collect();
    assert_eq!(groups, [("l", -1), ("g", 5), ("c", 999)]);
    let members: Vec<&str> = config.groups[1]
        .processes
        .iter()
        .map(|process| process.name.as_str())
        .collect();
    assert_eq!(members, ["a", "b"]);
    let GroupKind::EventListener(pool) = &config.groups[0].kind else {
        panic!("a pool");
    };
    assert_eq!(
        (pool.buffer_size, config.groups[0].processes[0].autostart),
        (10, false)
    );
    let error = load("[supervisord]\n[group:g]\nprograms=nobody\n").expect_err("nobody");
    assert_eq!(
        error,
        "[group:g] names unknown program or fcgi-program nobody"
    );
}

// GO-021, GO-022, SEED-006 to SEED-008
#[test]
fn a_file_is_looked_for_where_the_reference_looks() {
    let folder = Folder::new();
    let context = crate::config::context::LoadContext {
        argv0: folder
            .0
            .join("bin/supervisord")
            .into_os_string()
            .into_encoded_bytes()
            .into(),
        ..folder.context()
    };
    let shown: Vec<String> = crate::config::search_paths(&context)
        .iter()
        .map(ToString::to_string)
        .collect();
    let beside = folder.0.display();
    assert_eq!(
        shown,
        [
            format!("{beside}/etc/supervisord.conf"),
            format!("{beside}/supervisord.conf"),
            "supervisord.conf".to_owned(),
            "etc/supervisord.conf".to_owned(),
            "/etc/supervisord.conf".to_owned(),
            "/etc/supervisor/supervisord.conf".to_owned(),
        ]
    );
    // Found with -c only.
    folder.write("supervisor.conf", "[supervisord]\nidentifier=named\n");
    let named = CommandLine {
        config_file: Some("supervisor.conf".into()),
        ..CommandLine::default()
    };
    let config = crate::config::load(&named, &context).expect("a good file");
    assert_eq!(config.supervisord.identifier, "named");
}
