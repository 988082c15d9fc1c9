use std::fs;
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use proptest::prelude::*;

use super::{RotatingFile, Rotation, WriteError};
use crate::logs::scratch::Scratch;

fn open(scratch: &Scratch, maxbytes: u64, backups: u64) -> RotatingFile {
    let rotation = Rotation { maxbytes, backups };
    RotatingFile::open(&scratch.path("log"), rotation).expect("the scratch folder is writable")
}

fn write(log: &mut RotatingFile, chunks: &[&str]) {
    for chunk in chunks {
        log.write(chunk.as_bytes())
            .expect("the scratch folder is writable");
    }
}

/// The log and its backups up to the first that is missing, newest first.
fn contents(scratch: &Scratch) -> Vec<String> {
    let names = std::iter::once("log".to_owned()).chain((1..).map(|n| format!("log.{n}")));
    names.map_while(|name| scratch.content(&name)).collect()
}

// LOG-014
#[test]
fn without_a_limit_the_file_just_grows() {
    let scratch = Scratch::new();
    scratch.file("log", "old ");
    let mut log = open(&scratch, 0, 3);
    write(&mut log, &["one ", "two"]);
    assert_eq!(contents(&scratch), ["old one two"]);
}

// LOG-014, LOG-017
#[test]
fn a_full_file_is_set_aside_after_the_write_and_chunks_stay_whole() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 20, 3);
    write(&mut log, &["0123456789\n"]);
    assert_eq!(contents(&scratch), ["0123456789\n"]);
    write(&mut log, &["0123456789\n"]);
    assert_eq!(contents(&scratch), ["", "0123456789\n0123456789\n"]);
}

// LOG-015
#[test]
fn old_logs_move_up_and_the_oldest_goes() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 1, 3);
    write(&mut log, &["a", "b", "c", "d", "e"]);
    assert_eq!(contents(&scratch), ["", "e", "d", "c"]);
}

// LOG-015
#[test]
fn a_missing_backup_in_between_is_no_obstacle() {
    let scratch = Scratch::new();
    scratch.file("log.1", "one");
    scratch.file("log.3", "three");
    write(&mut open(&scratch, 1, 5), &["new"]);
    assert_eq!(contents(&scratch), ["", "new", "one"]);
    assert_eq!(scratch.content("log.4").as_deref(), Some("three"));
}

// LOG-016
#[test]
fn with_no_backups_the_file_is_emptied() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 4, 0);
    write(&mut log, &["abc", "def", "g"]);
    assert_eq!(contents(&scratch), ["g"]);
}

// LOG-018
#[test]
fn a_file_that_is_too_long_already_is_set_aside_at_the_first_write() {
    let scratch = Scratch::new();
    scratch.file("log", "0123456789");
    let mut log = open(&scratch, 5, 1);
    assert_eq!(contents(&scratch), ["0123456789"]);
    write(&mut log, &["x"]);
    assert_eq!(contents(&scratch), ["", "0123456789x"]);
}

// LOG-019
#[test]
fn backups_beyond_the_configured_number_are_left_alone() {
    let scratch = Scratch::new();
    scratch.file("log.1", "one");
    scratch.file("log.2", "two");
    scratch.file("log.3", "three");
    write(&mut open(&scratch, 1, 2), &["new"]);
    assert_eq!(contents(&scratch), ["", "new", "one", "three"]);
}

// LOG-015: a cleaning script may have taken the log away.
#[test]
fn a_log_deleted_under_our_hands_is_begun_anew_at_the_next_rotation() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 4, 2);
    write(&mut log, &["ab"]);
    fs::remove_file(scratch.path("log")).expect("just made");
    write(&mut log, &["cd", "new"]);
    assert_eq!(contents(&scratch), ["new"]);
}

// LOG-020, where we differ: see the top of the module.
#[test]
fn a_file_emptied_by_somebody_else_gets_no_hole_not_even_after_a_rotation() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 4, 1);
    write(&mut log, &["full", "abc"]);
    scratch.file("log", "");
    write(&mut log, &["de"]);
    assert_eq!(contents(&scratch), ["de", "full"]);
}

// LOG-008
#[test]
fn a_new_log_is_as_open_as_the_umask_lets_it_be() {
    let scratch = Scratch::new();
    let _log = open(&scratch, 0, 0);
    let plain = scratch.path("plain");
    fs::File::create(&plain).expect("the scratch folder is writable");
    let mode = |path| fs::metadata(path).expect("just made").permissions().mode();
    assert_eq!(mode(scratch.path("log")), mode(plain));
}

// LOG-038
#[test]
fn reopening_goes_by_the_name() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 0, 0);
    write(&mut log, &["before"]);
    fs::rename(scratch.path("log"), scratch.path("moved")).expect("just made");
    write(&mut log, &[" still"]);
    log.reopen().expect("the scratch folder is writable");
    write(&mut log, &["after"]);
    assert_eq!(scratch.content("moved").as_deref(), Some("before still"));
    assert_eq!(contents(&scratch), ["after"]);
    log.reopen().expect("the scratch folder is writable");
    write(&mut log, &[" that"]);
    assert_eq!(contents(&scratch), ["after that"]);
}

#[test]
fn a_reopening_that_fails_leaves_the_old_file_in_use() {
    let scratch = Scratch::new();
    let mut log = open(&scratch, 0, 0);
    fs::rename(scratch.path("log"), scratch.path("moved")).expect("just made");
    fs::create_dir(scratch.path("log")).expect("the scratch folder is writable");
    log.reopen().expect_err("a folder is no log");
    write(&mut log, &["not lost"]);
    assert_eq!(scratch.content("moved").as_deref(), Some("not lost"));
}

// LOG-037
#[test]
fn clearing_begins_a_new_file_and_keeps_the_backups() {
    let scratch = Scratch::new();
    scratch.file("log.1", "backup");
    let mut log = open(&scratch, 100, 2);
    write(&mut log, &["old"]);
    let old = fs::File::open(scratch.path("log")).expect("just made");
    log.remove_and_reopen().expect("ours to remove");
    write(&mut log, &["new"]);
    assert_eq!(contents(&scratch), ["new", "backup"]);
    // Another file, not the old one emptied: HTTP-103.
    assert_eq!(old.metadata().expect("still open").len(), 3);
}

/// A FIFO and its reader's end.
fn fifo(scratch: &Scratch) -> fs::File {
    let path = scratch.path("log");
    mkfifo(&path, Mode::S_IRWXU).expect("the scratch folder takes FIFOs");
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)
        .expect("just made")
}

// LOG-021, QRK-026
#[test]
fn a_pipe_is_written_and_never_rotated() {
    let scratch = Scratch::new();
    let mut reader = fifo(&scratch);
    let mut log = open(&scratch, 3, 2);
    write(&mut log, &["one ", "two"]);
    let mut received = [0; 7];
    reader
        .read_exact(&mut received)
        .expect("both writes are in the pipe");
    assert_eq!(&received, b"one two");
    assert!(!scratch.path("log.1").exists());
}

#[test]
fn a_pipe_that_nobody_reads_is_an_error_and_not_a_wait() {
    let scratch = Scratch::new();
    drop(fifo(&scratch));
    let error = RotatingFile::open(&scratch.path("log"), Rotation::NEVER).expect_err("no reader");
    assert_eq!(error.raw_os_error(), Some(nix::libc::ENXIO));
}

// LOG-025
#[test]
fn what_began_as_a_pipe_is_emptied_when_it_has_become_a_file() {
    let scratch = Scratch::new();
    let reader = fifo(&scratch);
    let mut log = open(&scratch, 0, 0);
    drop(reader);
    fs::remove_file(scratch.path("log")).expect("just made");
    scratch.file("log", "old");
    log.reopen().expect("the scratch folder is writable");
    write(&mut log, &["new"]);
    assert_eq!(contents(&scratch), ["new"]);
}

// QRK-026, LOG-026
#[test]
fn a_log_behind_a_device_name_is_never_renamed() {
    let scratch = Scratch::new();
    let target = scratch.file("target", "");
    let open_target = fs::OpenOptions::new()
        .append(true)
        .open(&target)
        .expect("just made");
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&open_target);
    let device = format!("/proc/self/fd/{descriptor}");
    symlink(&device, scratch.path("log")).expect("links work here");
    let mut log = open(&scratch, 3, 2);
    write(&mut log, &["one ", "two"]);
    log.remove_and_reopen().expect("left alone");
    write(&mut log, &[" three"]);
    assert_eq!(scratch.content("target").as_deref(), Some("one two three"));
    assert!(scratch.path("log").is_symlink());
    assert!(!scratch.path("log.1").exists());
}

#[test]
fn a_full_disk_is_reported_with_what_was_written() {
    let mut log = RotatingFile::open("/dev/full".as_ref(), Rotation::from_options(1, 1))
        .expect("Linux has this device");
    match log.write(b"lost") {
        Err(WriteError::Incomplete { written: 0, error }) => {
            assert_eq!(error.raw_os_error(), Some(nix::libc::ENOSPC));
        }
        other => panic!("not a full disk: {other:?}"),
    }
}

#[test]
fn a_rotation_that_fails_loses_nothing_and_is_tried_again_later() {
    let scratch = Scratch::new();
    // A folder that is not empty cannot be replaced by a file.
    let obstacle = scratch.path("log.1");
    fs::create_dir_all(obstacle.join("inside")).expect("the scratch folder is writable");
    let mut log = open(&scratch, 3, 1);
    assert!(matches!(log.write(b"abc"), Err(WriteError::NotRotated(_))));
    assert!(log.write(b"d").is_ok());
    fs::remove_dir_all(obstacle).expect("just made");
    write(&mut log, &["ef"]);
    assert_eq!(contents(&scratch), ["", "abcdef"]);
    write(&mut log, &["ghi"]);
    assert_eq!(contents(&scratch), ["", "ghi"]);
}

#[test]
fn negative_options_count_as_zero() {
    assert_eq!(Rotation::from_options(-1, -5), Rotation::NEVER);
    let expected = Rotation {
        maxbytes: 50,
        backups: 10,
    };
    assert_eq!(Rotation::from_options(50, 10), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // LOG-015, LOG-017: with backups enough, all files together are what was written.
    #[test]
    fn no_byte_is_lost_while_there_are_backups_enough(
        chunks in proptest::collection::vec("[a-z]{1,9}", 0..12), maxbytes in 1..20_u64
    ) {
        let scratch = Scratch::new();
        let mut log = open(&scratch, maxbytes, 12);
        for chunk in &chunks {
            log.write(chunk.as_bytes()).expect("the scratch folder is writable");
        }
        let mut files = contents(&scratch);
        files.reverse();
        prop_assert_eq!(files.concat(), chunks.concat());
        for (at, file) in files.iter().enumerate() {
            // Full, all but the newest; and full only by its last chunk.
            let length = u64::try_from(file.len()).expect("small");
            let newest = at + 1 == files.len();
            prop_assert_eq!(newest, length < maxbytes);
            prop_assert!(length < maxbytes + 9);
        }
    }
}
