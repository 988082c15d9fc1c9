use bstr::{BStr, BString};

use super::{CommandLine, Request, help, parse};
use crate::config::context::LoadContext;

fn request(words: &[&str]) -> Result<Request, String> {
    let words: Vec<BString> = words.iter().map(|&word| word.into()).collect();
    parse(&words, &LoadContext::for_tests()).map_err(|error| error.to_string())
}

fn line(words: &[&str]) -> CommandLine {
    match request(words) {
        Ok(Request::Run(line)) => *line,
        other => panic!("{words:?} gave {other:?}"),
    }
}

// CLI-001, CLI-002, CLI-003
#[test]
fn every_switch_sets_its_field() {
    let given = line(&[
        "-nskt",
        "-cfile",
        "-u",
        "web",
        "-m",
        "027",
        "-d",
        "/",
        "-lx.log",
        "-y",
        "1MB",
        "-z",
        "3",
        "-e",
        "debug",
        "-j",
        "x.pid",
        "-i",
        "me",
        "-q",
        "/",
        "-a",
        "5",
        "--minprocs",
        "6",
        "--profile_options=calls",
        "--env-file=x.env",
    ]);
    let expected = CommandLine {
        config_file: Some("file".into()),
        nodaemon: true,
        silent: true,
        nocleanup: true,
        strip_ansi: true,
        user: Some("web".into()),
        umask: Some(0o27),
        directory: Some("/".into()),
        logfile: Some("x.log".into()),
        logfile_maxbytes: Some(1 << 20),
        logfile_backups: Some(3),
        loglevel: Some(10),
        pidfile: Some("x.pid".into()),
        identifier: Some("me".to_owned()),
        childlogdir: Some("/".into()),
        minfds: Some(5),
        minprocs: Some(6),
        profile_options: Some("calls".into()),
        env_file: Some("x.env".into()),
        daemon: false,
    };
    assert_eq!(given, expected);
    assert_eq!(line(&[]), CommandLine::default());
    assert_eq!(line(&["--logfile_b", "3"]).logfile_backups, Some(3));
}

// GO-005
#[test]
fn a_directory_that_is_none_means_the_background() {
    let daemon = CommandLine {
        daemon: true,
        ..CommandLine::default()
    };
    for words in [&["--daemon"][..], &["-d"], &["-d", "-s"], &["-sd"]] {
        let silent = words.iter().any(|word| word.contains('s'));
        let expected = CommandLine {
            silent,
            ..daemon.clone()
        };
        assert_eq!(line(words), expected, "{words:?}");
    }
    assert_eq!(line(&["-d", "/"]).directory, Some("/".into()));
    assert_eq!(line(&["-d/"]).directory, Some("/".into()));
    // A new name takes nothing away from the prefixes of an old one.
    assert_eq!(line(&["--d", "/"]).directory, Some("/".into()));
    assert!(request(&["--daemo"]).is_err());
    assert!(request(&["--env", "x"]).is_err());
    assert!(request(&["-n", "--daemon"]).is_err());
    assert!(request(&["-d", "--daemon"]).is_err());
}

// CLI-009
#[test]
fn help_and_version_end_the_reading_where_they_stand() {
    assert_eq!(request(&["-h"]), Ok(Request::Help));
    assert_eq!(request(&["-?"]), Ok(Request::Help));
    assert_eq!(request(&["--vers"]), Ok(Request::Version));
    assert_eq!(request(&["-n", "-v", "-n"]), Ok(Request::Version));
    assert!(request(&["-n", "-n", "-v"]).is_err());
    assert!(request(&["-h", "-x"]).is_err());
}

// CLI-004 to CLI-008
#[test]
fn mistakes_have_the_words_of_the_reference() {
    for (words, expected) in [
        (&["-x"][..], "option -x not recognized"),
        (
            &["-n", "foo", "-c"],
            "positional arguments are not supported: ['foo', '-c']",
        ),
        (
            &["-n", "--nodaemon"],
            "conflicting command line option '--nodaemon'",
        ),
        (
            &["-c", "a", "-c", "b"],
            "conflicting command line option '-c'",
        ),
        (
            &["--logfile_max", "5T"],
            "invalid value for --logfile_maxbytes '5T': invalid literal for int() with base 10: '5t'",
        ),
        (
            &["-m", "9"],
            "invalid value for -m '9': 9 can not be converted to an octal type",
        ),
        (
            &["-e", "loud"],
            "invalid value for -e 'loud': bad logging level name 'loud'",
        ),
    ] {
        assert_eq!(request(words), Err(expected.to_owned()), "{words:?}");
    }
    assert_eq!(
        line(&["-u", "no such user"]).user,
        Some("no such user".into())
    );
}

// CLI-010
#[test]
fn the_help_names_the_program_and_all_switches() {
    let text = help(BStr::new("/opt/bin/supervisord"));
    assert!(text.starts_with("supervisord -- run a set of applications as daemons.\n"));
    assert!(text.contains("Usage: /opt/bin/supervisord [options]\n"));
    assert!(text.contains("-l/--logfile FILENAME -- use FILENAME as"));
    assert!(text.contains("\n--minprocs NUM -- "));
    assert!(text.ends_with("\n\n"));
}
