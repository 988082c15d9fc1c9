//! Whole files and what a check says about them, as `severity[code] line:column text-under-the-mark`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Severity};
use super::{check, status};
use crate::config::context::LoadContext;

/// A folder of the test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("check-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file of our own");
        let secret = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, secret).expect("it is ours");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("a folder of our own");
    }
}

fn look_at(file: &Path) -> Vec<Finding> {
    let file = file.to_string_lossy().into_owned();
    check(Some(file.into()), &LoadContext::for_tests())
}

fn shown(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let code = finding.code;
    match &finding.place {
        None => format!("{severity}[{code}]"),
        Some(place) => {
            let under: String = place
                .text
                .chars()
                .skip(place.column - 1)
                .take(place.length)
                .collect();
            format!("{severity}[{code}] {}:{} {under}", place.line, place.column)
        }
    }
}

fn findings(name: &str, text: &str) -> Vec<String> {
    let folder = Folder::new(name);
    let file = folder.write("s.conf", text);
    look_at(&file).iter().map(shown).collect()
}

/// A daemon to which programs are added, and what is said about those.
fn program(name: &str, options: &str) -> Vec<String> {
    findings(name, &format!("[supervisord]\n[program:x]\n{options}"))
}

#[test]
fn a_good_file_gives_nothing_to_complain_about() {
    let text = "[unix_http_server]\nfile=/tmp/check.sock\nusername=u\npassword=p ; secret\n\
                [supervisord]\nlogfile=/tmp/s.log\nlogfile_backups=3\n\
                [rpcinterface:supervisor]\n\
                supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
                [supervisorctl]\nserverurl=unix:///tmp/check.sock\n\
                [group:g]\nprograms=a\n\
                [program:a]\ncommand=/bin/cat      ; copies\nenvironment=A=\"1\",\n  user=\"2\"\n";
    assert_eq!(findings("good", text), [""; 0]);
}

// EXE-002
#[test]
fn the_sample_gives_nothing_to_complain_about() {
    assert_eq!(findings("sample", &crate::tools::sample::sample()), [""; 0]);
}

// INI-014, INI-015, INI-029, INI-030
#[test]
fn every_malformed_line_is_shown() {
    let text = "a=1\n[supervisord]\nnonsense\n  =x\n[]\n";
    assert_eq!(
        findings("malformed", text),
        [
            "error[syntax] 1:1 a=1",
            "error[syntax] 3:1 nonsense",
            "error[syntax] 4:3 =x",
            "error[syntax] 5:1 []",
        ]
    );
}

#[test]
fn an_error_is_told_in_the_words_of_the_daemon_and_underlined() {
    let folder = Folder::new("words");
    let file = folder.write(
        "s.conf",
        "[supervisord]\n[program:x]\ncommand=a\n\nautorestart =\tTreu  ; really\n",
    );
    let found = look_at(&file);
    let [finding] = found.as_slice() else {
        panic!("one finding, not {found:?}");
    };
    let expected = format!(
        "invalid 'autorestart' value 'treu' in section 'program:x' (file: '{}')",
        file.display()
    );
    assert_eq!(finding.message, expected);
    assert_eq!(shown(finding), "error[value] 5:15 Treu");
    assert_eq!(finding.suggestion.as_deref(), Some("true"));
}

#[test]
fn the_word_to_blame_is_underlined() {
    let text = "[supervisord]\n[group:g]\nprograms=x,y\n[program:x]\ncommand=run %(nmae)s\n\
                [eventlistener:l]\ncommand=a\nevents=TICK_5,\n  tock\n";
    assert_eq!(
        findings("blame", text),
        [
            "error[expansion] 5:13 %(nmae)",
            "error[value] 3:12 y",
            "error[value] 9:3 tock",
        ]
    );
}

// PRG-001, SRV-004, INI-033
#[test]
fn what_is_missing_is_missing_in_its_section() {
    assert_eq!(
        findings(
            "missing",
            "[Supervisord]\n[unix_http_server]\n[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=x:y\n[eventlistener:x]\n"
        ),
        [
            "error[missing]",
            "error[value] 4:33 x:y",
            "error[missing] 5:1 [eventlistener:x]",
            "error[missing] 5:1 [eventlistener:x]",
            "error[missing] 2:1 [unix_http_server]",
            "warning[unknown-section] 1:1 [Supervisord]",
        ]
    );
}

// INI-032, SUP-018, SUP-020
#[test]
fn names_that_nobody_reads_are_reported() {
    let folder = Folder::new("names");
    let file = folder.write(
        "s.conf",
        "[supervisord]\nhttp_port=9001\nprofile_options=x\nstopsignal=HUP\n[progam:a]\nx=1\n\
         [program:b]\ncommand=a\nautorestrat=true\n[DEFAULT]\nstartsecs=1\nstratsecs=1\n",
    );
    let found = look_at(&file);
    let shown: Vec<String> = found.iter().map(shown).collect();
    assert_eq!(
        shown,
        [
            "warning[unknown-key] 2:1 http_port",
            "warning[no-effect] 3:1 profile_options",
            "warning[unknown-key] 4:1 stopsignal",
            "warning[unknown-section] 5:1 [progam:a]",
            "warning[unknown-key] 9:1 autorestrat",
            "warning[unknown-key] 12:1 stratsecs",
        ]
    );
    let suggested: Vec<&str> = found
        .iter()
        .filter_map(|finding| finding.suggestion.as_deref())
        .collect();
    assert_eq!(suggested, ["[program:a]", "autorestart"]);
    assert_eq!(
        found[2].help.as_deref(),
        Some("`stopsignal` is an option of [program:NAME]")
    );
}

// INI-009, INI-010, INI-016, INI-017, INI-026, QRK-038
#[test]
fn lines_that_are_not_what_they_look_like_are_reported() {
    let text = "command=a\n  autostart=false\n  [program:y]\nuser=root\n[program:z\nuser=web\n[program:x]\nnumprocs=1\n";
    assert_eq!(
        program("shape", text),
        [
            "warning[continuation] 4:3 autostart=false",
            "warning[continuation] 5:3 [program:y]",
            "warning[missing-bracket] 7:1 [program:z",
            "warning[duplicate-key] 8:1 user",
            "warning[duplicate-section] 9:1 [program:x]",
        ]
    );
}

// INI-021, INI-022
#[test]
fn a_comment_that_cuts_a_command_is_reported() {
    for (name, command, expected) in [
        (
            "cut1",
            "sh -c 'a ; b'",
            Some("warning[comment-in-command] 3:18 ; b'"),
        ),
        (
            "cut2",
            "sh -c a ; b",
            Some("warning[comment-in-command] 3:17 ; b"),
        ),
        (
            "cut3",
            "echo #1 \"2\"",
            Some("warning[comment-in-command] 3:14 #1 \"2\""),
        ),
        ("cut4", "cat ; copies", None),
        ("cut5", "sh -c 'a;b'", None),
        ("cut6", "sh -c 'a", Some("warning[command] 3:9 sh -c 'a")),
        ("cut7", "", Some("warning[command] 3:1 command")),
    ] {
        let found = program(name, &format!("command={command}\n"));
        assert_eq!(found.first().map(String::as_str), expected, "{command}");
    }
}

// SUP-006, SUP-014, ELC-008, NAM-012
#[test]
fn options_without_effect_are_reported() {
    let text = "[supervisord]\nnodaemon=true\numask=022\nlogfile_maxbytes=0\nlogfile_backups=1\n\
                [program:x]\ncommand=a\nredirect_stderr=true\nstderr_logfile=/tmp/x\nstderr_syslog=true\n\
                stdout_logfile=NONE\nstdout_logfile_backups=1\n\
                [eventlistener:l]\ncommand=a\nevents=EVENT\nstdout_syslog=true\n\
                [group:g]\nprograms=f\n[fcgi-program:f]\ncommand=a\nsocket=tcp://a:1\n";
    assert_eq!(
        findings("idle", text),
        [
            "warning[no-effect] 3:1 umask",
            "warning[no-effect] 5:1 logfile_backups",
            "warning[start-up] 9:16 /tmp/x",
            "warning[no-effect] 10:1 stderr_syslog",
            "warning[no-effect] 12:1 stdout_logfile_backups",
            "warning[no-effect] 16:1 stdout_syslog",
            "warning[no-effect] 21:1 socket",
        ]
    );
}

// EXP-017, INI-013, TYP-027, PRG-016
#[test]
fn doubtful_values_are_reported() {
    let text = "command=a\nstdout_logfile=/dev/stdout\nstderr_logfile=/tmp/%%(program_name)s\n\
                directory=~/x\nserverurl=\"AUTO\"\nenvironment=A=$HOME\n";
    assert_eq!(
        program("values", text),
        [
            "warning[rotation] 4:16 /dev/stdout",
            "warning[double-expansion] 5:21 %%",
            "warning[not-expanded] 6:11 ~/x",
            "warning[quotes] 7:11 \"AUTO\"",
            "warning[not-expanded] 8:14 =$",
        ]
    );
    let text = "command=a\nstdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nstderr_logfile=/tmp/%%%%\n";
    assert_eq!(program("values-good", text), [""; 0]);
}

// INC-001, INC-007, INC-009, PLG-007, QRK-039
#[test]
fn includes_are_looked_at_too() {
    let folder = Folder::new("include");
    std::fs::create_dir(folder.0.join("d.conf")).expect("a new folder");
    folder.write(
        "a.conf",
        "[program:a]\nstartsecs=x\ncommand=a\n[include]\nfiles=b\n",
    );
    folder.write("b.conf", "[supervisorctl]\n[program:a]\ncommand=b\n");
    let text = "[supervisord]\n[include]\nfiles=[a-d].conf\n  none/*.ini\n";
    let file = folder.write("s.ini", text);
    let found: Vec<String> = look_at(&file).iter().map(shown).collect();
    assert_eq!(
        found,
        [
            "error[value] 2:11 x",
            "warning[include] 3:7 [a-d].conf",
            "warning[include] 4:3 none/*.ini",
            "warning[no-effect] 4:1 [include]",
            "warning[no-effect] 1:1 [supervisorctl]",
            "warning[duplicate-section] 2:1 [program:a]",
            "warning[duplicate-key] 3:1 command",
        ]
    );
}

#[test]
fn a_password_that_everybody_can_read_is_reported() {
    let folder = Folder::new("password");
    let text = "[unix_http_server]\nfile=/tmp/s\nusername=u\npassword=p\n[supervisord]\n[rpcinterface:supervisor]\n\
                supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n";
    let file = folder.write("s.conf", text);
    assert_eq!(look_at(&file), []);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, open).expect("it is ours");
    let found: Vec<String> = look_at(&file).iter().map(shown).collect();
    assert_eq!(found, ["warning[readable-password] 4:1 password"]);
}

// PLG-004, NAM-013, NAM-014
#[test]
fn what_shows_only_in_the_whole_is_reported() {
    let text = "[inet_http_server]\nport=*:9001\n[supervisord]\n[supervisorctl]\nserverurl=unix:///tmp/none\n\
                prompt=%(x)s\n\
                [program:x]\ncommand=a\nnumprocs=2\nprocess_name=p%%(process_num)s\n[fcgi-program:x]\ncommand=a\n\
                socket=tcp://a:1\n";
    assert_eq!(
        findings("whole", text),
        [
            "warning[open-server] 2:6 *:9001",
            "warning[unreachable] 5:11 unix:///tmp/none",
            "warning[expansion] 6:8 %(x)",
            "warning[same-name] 7:1 [program:x]",
            "warning[same-name] 7:1 [program:x]",
        ]
    );
}

#[test]
fn the_exit_status_says_how_bad_it_is() {
    let warning = Finding::warning("x", "y", None);
    let error = Finding::error("x", "y", None);
    assert_eq!((status(&[], false), status(&[], true)), (0, 0));
    let warned = [warning.clone()];
    assert_eq!((status(&warned, false), status(&warned, true)), (0, 1));
    let both = [warning, error];
    assert_eq!((status(&both, false), status(&both, true)), (2, 2));
}

#[test]
fn a_list_that_is_cut_short_says_so() {
    let many: String = (0..301)
        .map(|number| format!("[program:p{number}]\n"))
        .collect();
    let found = findings("more", &format!("[supervisord]\n{many}"));
    assert_eq!(found.len(), 301);
    assert_eq!(found.last().map(String::as_str), Some("error[more]"));
}

// CFL-004, CFL-006, INI-003
#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let missing = look_at(Path::new("/nowhere/at/all.conf"));
    assert_eq!(
        missing[0].message,
        "could not find config file /nowhere/at/all.conf"
    );
    assert_eq!(missing.len(), 1);
    let folder = Folder::new("latin");
    let file = folder.0.join("s.conf");
    std::fs::write(&file, b"[supervisord]\n; \xff\n").expect("a file of our own");
    let found: Vec<String> = look_at(&file).iter().map(shown).collect();
    assert_eq!(found, ["error[syntax] 2:3 \u{fffd}"]);
}

// GO-100: no option of ours is unknown to the check.
#[test]
fn extensions_are_known_and_idle_ones_are_told() {
    use crate::config::options::extensions;

    let options: String = extensions::TABLE
        .iter()
        .map(|row| {
            format!(
                "{}={}\n",
                row.name(),
                row.default_text().unwrap_or_default()
            )
        })
        .collect();
    let text =
        format!("[supervisord]\n[program-default]\n{options}[program:x]\ncommand=/bin/cat\n");
    assert_eq!(findings("extensions", &text), Vec::<String>::new());
    assert_eq!(
        findings(
            "idle",
            "[program:x]\ncommand=/bin/cat\nhook_timeout=5\nrestart_cmd_when_binary_changed=a\n\
             liveness_check_period=3\nrestart_filePattern=*\non_exit=shutdwn\ndepends_on=x,yy\n[program:y]\ncommand=a\n\
             [supervisord]\nlogfileBackups=3\n[inet_http_server]\nport=127.0.0.1:1\nusername=\npassword=x\n"
        ),
        [
            "error[value] 7:9 shutdwn",
            "error[value] 8:14 yy",
            "warning[no-effect] 3:1 hook_timeout",
            "warning[no-effect] 4:1 restart_cmd_when_binary_changed",
            "warning[no-effect] 5:1 liveness_check_period",
            "warning[start-up] 6:1 restart_filePattern",
            "warning[start-up] 12:1 logfileBackups",
            "warning[half-protected] 15:1 username",
        ]
    );
}

// GO-223
#[test]
fn a_job_that_never_ends_is_told() {
    let job = |options: &str| {
        findings(
            "job",
            &format!("[supervisord]\n[program:x]\ncommand=/bin/cat\ncron=@daily\n{options}"),
        )
    };
    assert_eq!(job("autorestart=true\n"), ["warning[schedule] 4:6 @daily"]);
    assert_eq!(job("autorestart=unexpected\n"), Vec::<String>::new());
    assert_eq!(job(""), Vec::<String>::new());
}
