//! Log tails: their heads, what they send and when, and how they end.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::http::Limits;
use crate::http::testing::{Client, Site, post};

fn append(path: &Path, text: &str) {
    let mut file = File::options().append(true).open(path).expect("the log");
    file.write_all(text.as_bytes()).expect("room on the disk");
}

async fn tail(site: &Site, path: &str) -> Client {
    let mut client = site.client().await;
    client.send(format!("GET {path} HTTP/1.1\r\n\r\n")).await;
    client
}

// HTTP-090, HTTP-095, HTTP-097, HTTP-098
#[tokio::test]
async fn a_tail_begins_with_the_last_kilobyte_and_goes_on() {
    Site::run(Limits::for_servers(2), |site| async move {
        let log = site.folder.join("cat.stdout");
        fs::write(&log, "x".repeat(2000)).expect("a log");
        let mut client = tail(&site, "/logtail/grp%3Acat").await;
        assert_eq!(
            client.until("\r\n\r\n").await,
            "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nLast-Modified: DATE\r\n\
             Content-Type: text/plain;charset=utf-8\r\nX-Accel-Buffering: no\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        );
        let first = format!("400\r\n{}\r\n", "x".repeat(1024));
        assert_eq!(client.until(&first).await, first);
        append(&log, "a line\n");
        assert_eq!(client.until("7\r\na line\n\r\n").await, "7\r\na line\n\r\n");
    })
    .await;
}

// HTTP-096
#[tokio::test]
async fn the_main_log_is_not_for_proxies() {
    Site::run(Limits::for_servers(2), |site| async move {
        fs::write(site.folder.join("main.log"), "").expect("a log");
        let mut client = tail(&site, "/mainlogtailx").await;
        assert_eq!(
            client.until("\r\n\r\n").await,
            "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nLast-Modified: DATE\r\n\
             Content-Type: text/plain;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
    })
    .await;
}

// HTTP-104, RQK-001
#[tokio::test]
async fn http_1_0_gets_head_and_data_at_once() {
    Site::run(Limits::for_servers(2), |site| async move {
        let log = site.folder.join("cat.stderr");
        fs::write(&log, "first\n").expect("a log");
        let mut client = site.client().await;
        client
            .send("GET /logtail/cat/stderr HTTP/1.0\r\n\r\n")
            .await;
        let begun = client.until("first\n").await;
        assert!(begun.starts_with("HTTP/1.0 200 OK\r\n"), "{begun}");
        assert!(
            begun.ends_with("X-Accel-Buffering: no\r\n\r\nfirst\n"),
            "{begun}"
        );
        append(&log, "second\n");
        assert_eq!(client.until("second\n").await, "second\n");
        site.shut_down().await;
        assert_eq!(client.rest().await, "");
    })
    .await;
}

// HTTP-100, HTTP-101, HTTP-102
#[tokio::test]
async fn rotation_removal_and_truncation_are_followed() {
    Site::run(Limits::for_servers(2), |site| async move {
        let log = site.folder.join("cat.stdout");
        fs::write(&log, "one\n").expect("a log");
        let mut client = tail(&site, "/logtail/cat").await;
        client.until("one\n").await;
        fs::rename(&log, site.folder.join("cat.stdout.1")).expect("rename");
        fs::write(&log, "two\n").expect("a new log");
        client.until("two\n").await;
        fs::remove_file(&log).expect("remove");
        fs::write(&log, "three\n").expect("a new log");
        client.until("three\n").await;
        fs::write(&log, "").expect("truncate");
        client.until("==> File truncated <==\n").await;
        append(&log, "four\n");
        client.until("four\n").await;
    })
    .await;
}

// HTTP-099
#[tokio::test]
async fn at_the_end_of_the_server_a_tail_ends_with_its_last_chunk() {
    Site::run(Limits::for_servers(2), |site| async move {
        fs::write(site.folder.join("cat.stdout"), "one\n").expect("a log");
        let mut client = tail(&site, "/logtail/cat").await;
        client.until("one\n\r\n").await;
        site.shut_down().await;
        assert_eq!(client.rest().await, "0\r\n\r\n");
    })
    .await;
}

#[tokio::test]
async fn a_tail_ends_when_the_client_closes_its_sending_side() {
    Site::run(Limits::for_servers(2), |site| async move {
        fs::write(site.folder.join("cat.stdout"), "one\n").expect("a log");
        let mut client = tail(&site, "/logtail/cat").await;
        client.close_sending_side().await;
        assert!(client.rest().await.ends_with("4\r\none\n\r\n0\r\n\r\n"));
    })
    .await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_delays_nobody() {
    Site::run(Limits::for_servers(2), |site| async move {
        let log = site.folder.join("cat.stdout");
        fs::write(&log, "").expect("a log");
        let mut slow = tail(&site, "/logtail/cat").await;
        slow.until("\r\n\r\n").await;
        let mut quick = tail(&site, "/logtail/cat").await;
        quick.until("\r\n\r\n").await;
        for round in 0..50 {
            let end = format!("round {round}\n");
            append(&log, &format!("{}{end}", "y".repeat(100_000)));
            quick.until(&end).await;
        }
        let mut other = site.client().await;
        other.send(post("", "hi")).await;
        assert_eq!(other.status().await, 200);
        // The slow one has lost nothing.
        slow.until("round 49\n").await;
    })
    .await;
}
