//! The article that introduces the Go version, and its two sample configurations.

use super::extensions::Folder;
use crate::config::extensions::{Extensions, Hooks, LogTarget, Reaction, StreamExtensions};
use crate::config::types::{Autorestart, LogFile, MainLog, ServerAddress};
use crate::model::signal::Signal;

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
