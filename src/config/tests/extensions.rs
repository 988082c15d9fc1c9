//! Extensions read from whole files. What single values mean is tested where they are read.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use bstr::BString;

use crate::config::command_line::CommandLine;
use crate::config::context::LoadContext;
use crate::config::extensions::{
    Dependency, DirectoryWatch, EnvFile, Extensions, FailureAction, Hooks, HttpData, HttpProbe,
    Liveness, LogFormat, LogTarget, Probe, Reaction, RestartDelay, SyslogOptions, WhenEnded,
};
use crate::config::types::{Config, LogFile, ProcessConfig};
use crate::model::signal::Signal;

/// A folder of a test's own, removed with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("extensions-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        // As the reading shows it.
        Self(folder.canonicalize().expect("it was just made"))
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        let folder = path.parent().expect("a file in a folder");
        std::fs::create_dir_all(folder).expect("a temporary folder");
        std::fs::write(path, text).expect("a temporary file");
    }

    pub fn load(&self, text: &str) -> Result<Config, String> {
        self.write("x.conf", text);
        let command_line = CommandLine {
            config_file: Some("x.conf".into()),
            ..CommandLine::default()
        };
        crate::config::load(&command_line, &self.context()).map_err(|error| error.to_string())
    }

    pub fn context(&self) -> LoadContext {
        LoadContext {
            cwd: self.0.clone(),
            ..LoadContext::for_tests()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder in the temporary place that stays harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn load(text: &str) -> Result<Config, String> {
    Folder::new().load(text)
}

fn processes(config: &Config) -> Vec<Rc<ProcessConfig>> {
    let groups = config.groups.iter();
    groups.flat_map(|group| group.processes.clone()).collect()
}

/// The one process of a file with these options.
fn process(options: &str) -> Rc<ProcessConfig> {
    let text = format!("[supervisord]\n[program:x]\ncommand=/bin/cat\n{options}\n");
    let config = load(&text).unwrap_or_else(|error| panic!("{options}: {error}"));
    Rc::clone(&config.groups[0].processes[0])
}

fn extensions(options: &str) -> Extensions {
    let process = process(options);
    let extensions = process.extensions.as_deref();
    extensions
        .unwrap_or_else(|| panic!("{options} is no extension"))
        .clone()
}

/// What is wrong with an option, without its place.
fn error(options: &str) -> String {
    let text = format!("[supervisord]\n[program:x]\ncommand=/bin/cat\n{options}\n");
    let error = load(&text).expect_err(options);
    let place = " in section 'program:x' (file: 'x.conf')";
    let reason = error.strip_suffix(place);
    reason
        .unwrap_or_else(|| panic!("{error} has no place"))
        .to_owned()
}

fn command(words: &[&str]) -> Probe {
    Probe::Command(words.iter().map(|&word| BString::from(word)).collect())
}

#[test]
fn what_uses_no_extension_has_none() {
    for options in [
        "",
        "stopsignal=INT\nuser=root\nstdout_logfile=a.log\nstdout_logfile_maxbytes=1KB",
        "on_exit=ignore\nstdout_log_format=raw\ndepends_on=\ncron=\npre_start_hook=\nrestartpause=0",
        "hook_timeout=5\nliveness_check_period=7\nrestart_file_pattern=*.py\nrestart_signal_when_binary_changed=HUP",
    ] {
        assert_eq!(process(options).extensions, None, "{options}");
    }
}

// GO-129, GO-132, GO-164
#[test]
fn stopping_and_pausing_have_more_to_say() {
    let process = process("stopsignal=SIGTERM int 9");
    assert_eq!(process.stopsignal, Signal::TERM);
    let extensions_of = process.extensions.as_deref().expect("a list is one");
    assert_eq!(
        extensions_of.further_stopsignals,
        [Signal::INT, Signal::KILL]
    );
    assert_eq!(extensions("killwaitsecs=3").killwaitsecs, Some(3));
    assert_eq!(extensions("restartPause=4").restartpause, 4);
    assert_eq!(error("killwaitsecs=-1"), "-1 is below lower bound (0)");
    assert_eq!(
        error("stopsignal=TERM NOPE"),
        "value 'TERM NOPE' is not a valid signal name"
    );
}

// GO-411
#[test]
fn a_restart_delay_grows_to_a_ceiling() {
    let delay = |options: &str| extensions(options).restart_delay;
    let expected = |first, ceiling| Some(RestartDelay { first, ceiling });
    assert_eq!(delay("restart_delay=2"), expected(2, 300));
    assert_eq!(
        delay("restart_delay=2\nrestart_delay_max=9"),
        expected(2, 9)
    );
    assert_eq!(delay("restart_delay_max=9"), expected(1, 9));
    assert_eq!(
        delay("restart_delay=20\nrestart_delay_max=9"),
        expected(9, 9)
    );
    assert_eq!(delay("restart_delay=400"), expected(400, 400));
}

// GO-402, GO-414
#[test]
fn words_of_choices_are_checked() {
    let found = extensions("on_exit=shutdown\non_fatal=Shutdown");
    assert_eq!(
        (found.on_exit, found.on_fatal),
        (WhenEnded::Shutdown, WhenEnded::Shutdown)
    );
    assert_eq!(
        error("on_exit=leave"),
        "'leave' is none of ignore, shutdown"
    );
    let found = extensions("stdout_log_format=json\nstderr_log_format=prefix");
    assert_eq!(
        (found.stdout.format, found.stderr.format),
        (LogFormat::Json, LogFormat::Prefix)
    );
    let found =
        extensions("stdout_log_format=json\nstderr_log_format=prefix\nredirect_stderr=true");
    assert_eq!(found.stderr.format, LogFormat::Raw);
    assert_eq!(
        error("stderr_log_format=xml"),
        "'xml' is none of raw, prefix, json"
    );
}

// GO-192 to GO-197, GO-406
#[test]
fn hooks_are_probes_with_a_timeout() {
    let found = extensions(
        "pre_start_hook=/bin/a 'b c'\npost_start_hook=tcp://localhost:1\npre_stop_hook=script://%(program_name)s\n\
         post_stop_hook=http://x/\nhook_timeout=5\npre_start_hook_required=true",
    );
    let url = HttpProbe {
        url: "http://x/".to_owned(),
        headers: Vec::new(),
        data: None,
        ca_file: None,
    };
    let hooks = Hooks {
        pre_start: Some(command(&["/bin/a", "b c"])),
        post_start: Some(Probe::Tcp("localhost:1".to_owned())),
        pre_stop: Some(command(&["x"])),
        post_stop: Some(Probe::Http(url)),
        timeout: 5,
        pre_start_required: true,
    };
    assert_eq!(found.hooks, hooks);
    assert_eq!(extensions("pre_stop_hook=a").hooks.timeout, 60);
    assert_eq!(error("hook_timeout=0"), "0 is below lower bound (1)");
    assert_eq!(
        error("post_start_hook=tcp://x"),
        "'tcp://x' cannot be run: tcp:// takes host:port"
    );
}

// GO-198, GO-205, GO-207 to GO-212
#[test]
fn a_liveness_check_has_defaults() {
    let liveness =
        extensions("liveness_check_script=tcp://:::80\nliveness_check_failure_action=stop")
            .liveness;
    let expected = Liveness {
        check: Probe::Tcp(":::80".to_owned()),
        initial_delay: 60,
        period: 60,
        timeout: 30,
        success_threshold: 1,
        failure_threshold: 3,
        success_action: None,
        failure_action: FailureAction::Stop,
    };
    assert_eq!(liveness, Some(expected));
    let liveness = extensions(
        "liveness_check_script=a\nliveness_check_initial_delay=0\nliveness_check_period=1\nliveness_check_timeout=2\n\
         liveness_check_success_threshold=3\nliveness_check_failure_threshold=4\nliveness_check_success_action=Good\n\
         liveness_check_failure_action=Bad Thing",
    );
    let expected = Liveness {
        check: command(&["a"]),
        initial_delay: 0,
        period: 1,
        timeout: 2,
        success_threshold: 3,
        failure_threshold: 4,
        success_action: Some(command(&["Good"])),
        failure_action: FailureAction::Run(command(&["Bad", "Thing"])),
    };
    assert_eq!(liveness.liveness, Some(expected));
}

// GO-217, GO-222
#[test]
fn a_schedule_is_checked_when_it_is_read() {
    assert_eq!(
        extensions("cron=*/5 * * * *").cron.as_deref(),
        Some("*/5 * * * *")
    );
    let expected =
        "invalid 'cron' value '* *': a pattern has five fields, or six with seconds first, not 2";
    assert_eq!(error("cron=* *"), expected);
}

// GO-166, GO-171, GO-172
#[test]
fn a_changed_binary_brings_a_restart_a_command_or_signals() {
    let watch = |options: &str| {
        extensions(&format!("restart_when_binary_changed=true\n{options}")).binary_watch
    };
    assert_eq!(watch(""), Some(Reaction::Restart));
    assert_eq!(
        watch("restart_signal_when_binary_changed=HUP USR2"),
        Some(Reaction::Signals(vec![Signal::HUP, Signal::USR2]))
    );
    assert_eq!(
        watch("restart_signal_when_binary_changed=HUP\nrestart_cmd_when_binary_changed=/bin/x"),
        Some(Reaction::Run(command(&["/bin/x"])))
    );
}

// GO-174 to GO-178
#[test]
fn a_watched_directory_has_a_pattern_and_a_reaction() {
    let folder = Folder::new();
    let watch = |options: &str| {
        let text =
            format!("[supervisord]\n[program:x]\ncommand=a\nrestart_directory_monitor={options}\n");
        let config = folder.load(&text).expect("a good file");
        let found = config.groups[0].processes[0].extensions.as_deref();
        found
            .and_then(|found| found.directory_watch.clone())
            .expect("a watch")
    };
    let expected = |path: &Path, pattern: &str, reaction| DirectoryWatch {
        path: path.to_owned(),
        pattern: pattern.to_owned(),
        reaction,
    };
    let src = folder.0.join("src");
    assert_eq!(watch("src"), expected(&src, "*", Reaction::Restart));
    assert_eq!(
        watch("%(here)s/src"),
        expected(&src, "*", Reaction::Restart)
    );
    let elsewhere = Path::new("/srv/app/src");
    assert_eq!(
        watch("src\ndirectory=/srv/app\nrestart_file_pattern=*.py"),
        expected(elsewhere, "*.py", Reaction::Restart)
    );
    for alias in ["restart_filePattern", "restart_file_patterns"] {
        let found = watch(&format!(
            "/src\n{alias}=*.js\nrestart_signal_when_file_changed=1"
        ));
        let hangup = Reaction::Signals(vec![Signal::HUP]);
        assert_eq!(
            found,
            expected(Path::new("/src"), "*.js", hangup),
            "{alias}"
        );
    }
}

// GO-157 to GO-159
#[test]
fn environment_files_are_looked_for_here_and_at_the_configuration() {
    let folder = Folder::new();
    folder.write("here.env", "");
    folder.write(
        "conf/x.conf",
        "[supervisord]\n[program:x]\ncommand=a\nenvFiles=here.env, -there.env,/etc/x.env,\n",
    );
    let command_line = CommandLine {
        config_file: Some("conf/x.conf".into()),
        ..CommandLine::default()
    };
    let config = crate::config::load(&command_line, &folder.context()).expect("a good file");
    let found = config.groups[0].processes[0]
        .extensions
        .as_deref()
        .expect("an extension");
    let file = |path: PathBuf, optional| EnvFile { path, optional };
    assert_eq!(
        found.env_files,
        [
            file(folder.0.join("here.env"), false),
            file(folder.0.join("conf/there.env"), true),
            file("/etc/x.env".into(), false),
        ]
    );
}

// GO-138, GO-140
#[test]
fn a_user_may_bring_a_group() {
    let found = process("user=web:staff\nuser_environment=yes");
    assert_eq!(found.uid, Some(1001));
    let more = found.extensions.as_deref().expect("a group is one");
    assert_eq!((more.gid, more.user_environment), (Some(50), true));
    assert_eq!(
        process("user=1001:50")
            .extensions
            .as_deref()
            .and_then(|more| more.gid),
        Some(50)
    );
    assert_eq!(process("user=1001").extensions, None);
    assert_eq!(error("user=web:nobody"), "Invalid user name web:nobody");
}

// GO-226
#[test]
fn files_of_a_program_start_at_its_directory() {
    let path = extensions("conf_file=a.ini\ndirectory=/srv").conf_file;
    assert_eq!(path, Some("/srv/a.ini".into()));
    let found = extensions("directory=/srv\npre_start_hook=http://x -d @body --ca-file=/ca");
    let Some(Probe::Http(probe)) = found.hooks.pre_start else {
        panic!("a URL");
    };
    assert_eq!(probe.data, Some(HttpData::File("/srv/body".into())));
    assert_eq!(probe.ca_file, Some("/ca".into()));
}

// GO-227 to GO-229
#[test]
fn syslog_has_words_of_its_own() {
    let found = extensions(
        "syslog_facility=LOCAL3\nsyslog_stdout_priority=info\nsyslog_stderr_priority=err\nsyslog_tag=me",
    );
    let expected = SyslogOptions {
        facility: Some(19),
        stdout_priority: Some(6),
        stderr_priority: Some(3),
        tag: Some("me".to_owned()),
    };
    assert_eq!(found.syslog, expected);
    assert!(error("syslog_facility=x").starts_with("'x' is none of kernel, kern, "));
}

// GO-230, GO-231
#[test]
fn a_list_of_logs_has_a_first_file_and_further_targets() {
    let found =
        process("stdout_logfile=test.log, /dev/stdout\nstderr_logfile=test.log, /dev/stderr");
    assert_eq!(found.stdout.logfile, LogFile::Path("test.log".into()));
    assert_eq!(found.stderr.logfile, LogFile::Path("test.log".into()));
    let more = found.extensions.as_deref().expect("a list is one");
    assert_eq!(more.stdout.further_targets, [LogTarget::Stdout]);
    assert_eq!(more.stderr.further_targets, [LogTarget::Stderr]);
    assert_eq!(
        more.stdout.written.as_deref(),
        Some("test.log, /dev/stdout")
    );
    assert_eq!(
        error("stdout_logfile=a,syslog @"),
        "value 'syslog @' is not a syslog server: syslog @[udp:|tcp:]host[:port]"
    );
    // GO-150
    let found = process("redirect_stderr=true\nstderr_logfile=a,b");
    assert_eq!(
        (&found.stderr.logfile, &found.extensions),
        (&LogFile::None, &None)
    );
}

/// Who waits for whom in a file with these sections.
fn dependencies(sections: &str) -> Result<Vec<(String, Vec<Dependency>)>, String> {
    let config = load(&format!("[supervisord]\n{sections}"))?;
    let all = processes(&config).into_iter().map(|process| {
        let more = process.extensions.as_deref();
        let list = more.map(|more| more.depends_on.clone()).unwrap_or_default();
        (process.name.clone(), list)
    });
    Ok(all.filter(|(_, list)| !list.is_empty()).collect())
}

fn on(group: &str, process: Option<&str>) -> Dependency {
    Dependency {
        group: group.to_owned(),
        process: process.map(str::to_owned),
    }
}

// GO-184, GO-190
#[test]
fn a_dependency_is_a_process_a_program_or_a_group() {
    let sections = "[program:db]\ncommand=a\nnumprocs=2\nprocess_name=db_%(process_num)d\n\
                    [program:web]\ncommand=a\n[group:back]\nprograms=web\n\
                    [eventlistener:l]\ncommand=a\nevents=EVENT\n\
                    [program:x]\ncommand=a\ndepends_on=";
    let of_x = |words: &str| {
        dependencies(&format!("{sections}{words}\n")).map(|mut all| all.pop().map(|(_, list)| list))
    };
    let both = vec![on("db", Some("db_0")), on("db", Some("db_1"))];
    assert_eq!(of_x("db"), Ok(Some(both.clone())));
    assert_eq!(
        of_x("db_1 , web,"),
        Ok(Some(vec![on("db", Some("db_1")), on("back", Some("web"))]))
    );
    assert_eq!(of_x("back"), Ok(Some(vec![on("back", None)])));
    assert_eq!(
        of_x("back:web,back:*,l"),
        Ok(Some(vec![
            on("back", Some("web")),
            on("back", None),
            on("l", Some("l"))
        ]))
    );
    assert_eq!(of_x(""), Ok(None));
}

// GO-187, GO-188
#[test]
fn unknown_names_and_loops_are_refused() {
    let wrong = |sections: &str| {
        let error = dependencies(sections).expect_err(sections);
        let (reason, place) = error.split_once(" in section ").expect("a place");
        (reason.to_owned(), place.to_owned())
    };
    let program = |name: &str, on: &str| format!("[program:{name}]\ncommand=a\ndepends_on={on}\n");
    let (reason, place) = wrong(&program("a", "b"));
    assert_eq!(
        reason,
        "depends_on names 'b', which is no process, program or group"
    );
    assert_eq!(place, "'program:a' (file: 'x.conf')");
    let (reason, _) = wrong(&(program("a", "b") + &program("b", "a")));
    assert_eq!(reason, "depends_on goes round in a loop: a -> b -> a");
    let (reason, _) = wrong(&program("a", "a"));
    assert_eq!(reason, "depends_on goes round in a loop: a -> a");
    let behind = program("first", "a")
        + &program("a", "b,d")
        + &program("b", "c")
        + &program("c", "a")
        + &program("d", "");
    let (reason, place) = wrong(&behind);
    assert_eq!(reason, "depends_on goes round in a loop: a -> b -> c -> a");
    assert_eq!(place, "'program:a' (file: 'x.conf')");
    let in_group = "[group:g]\nprograms=a,b\n".to_owned() + &program("a", "g") + &program("b", "");
    let (reason, _) = wrong(&in_group);
    assert_eq!(reason, "depends_on goes round in a loop: g:a -> g:a");
}

#[test]
fn a_long_chain_is_no_loop() {
    let mut sections = String::from("[program:p0]\ncommand=a\n");
    for number in 1..2000 {
        sections += &format!(
            "[program:p{number}]\ncommand=a\ndepends_on=p{}\n",
            number - 1
        );
    }
    assert_eq!(dependencies(&sections).map(|all| all.len()), Ok(1999));
}

// GO-264
#[test]
fn servers_have_a_node_name_and_open_doors() {
    let config = load(
        "[supervisord]\n[inet_http_server]\nport=9001\nnodename=me\nmetrics_auth=false\n\
         [unix_http_server]\nfile=/tmp/x.sock\nhealth_auth=no\n",
    );
    let servers = config.expect("a good file").servers;
    let shown: Vec<_> = servers
        .iter()
        .map(|server| {
            (
                server.nodename.as_deref(),
                server.metrics_auth,
                server.health_auth,
            )
        })
        .collect();
    assert_eq!(shown, [(Some("me"), false, true), (None, true, false)]);
}
