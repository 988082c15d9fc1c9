//! The gate in front of every route: passwords, other sites, names that are not ours.

use hyper::Uri;

use crate::http::Limits;
use crate::http::routes::Route;
use crate::http::testing::{Client, Site, status_of};
use crate::web::Resource;

/// A target for every route. What comes to the table of routes must come here too: [`kind`] does not compile without.
const TARGETS: [&str; 18] = [
    "/RPC2",
    "/logtail/cat",
    "/mainlogtail",
    "/ok.html",
    "/nothing",
    "/index.html?action=stopall",
    "/tail.html?processname=cat",
    "/images/icon.png",
    "/images",
    "/web/events",
    "/web/act",
    "/web/config",
    "/web/logs",
    "/web/log",
    "/web/file",
    "/metrics",
    "/healthz",
    "/program/start/cat",
];

/// What `metrics_auth = false` and its like open.
const OPENED: [&str; 2] = ["/metrics", "/healthz"];

fn kind(route: &Route) -> usize {
    match route {
        Route::Rpc => 0,
        Route::LogTail(_) => 1,
        Route::MainLogTail => 2,
        Route::Ok => 3,
        Route::Elsewhere => 4,
        Route::Metrics => 15,
        Route::Health(_) => 16,
        Route::Rest(_) => 17,
        Route::Web(resource) => match resource {
            Resource::Status => 5,
            Resource::Tail => 6,
            Resource::Asset(_) => 7,
            Resource::Directory(_) => 8,
            Resource::Events => 9,
            Resource::Act => 10,
            Resource::Config => 11,
            Resource::Logs => 12,
            Resource::Log => 13,
            Resource::File => 14,
        },
    }
}

#[test]
fn every_route_has_a_target_here() {
    let kinds = TARGETS.map(|target| kind(&Route::of(&target.parse::<Uri>().expect("a target"))));
    assert_eq!(kinds.to_vec(), (0..TARGETS.len()).collect::<Vec<_>>());
}

/// The head of the answer to a GET or a POST.
async fn head(mut client: Client, method: &str, target: &str, headers: &str) -> String {
    client
        .send(format!(
            "{method} {target} HTTP/1.1\r\n{headers}Content-Length: 1\r\n\r\nx"
        ))
        .await;
    client.until("\r\n\r\n").await
}

// HTTP-070
#[tokio::test]
async fn without_a_password_no_route_can_be_reached() {
    Site::run(Limits::for_servers(2), async |site| {
        for target in TARGETS {
            for method in ["GET", "POST", "HEAD"] {
                let client = Client::connect(&site.folder.join("locked")).await;
                let head = head(client, method, target, "").await;
                assert_eq!(status_of(&head), 401, "{method} {target}");
            }
        }
    })
    .await;
}

// GO-283, GO-324: what the configuration opens is open to everybody who knows our name, and nothing else is.
#[tokio::test]
async fn a_route_can_be_opened_in_spite_of_a_password() {
    Site::run(Limits::for_servers(2), async |site| {
        for target in TARGETS {
            let head = head(site.ajar_client().await, "GET", target, "").await;
            let expected = if OPENED.contains(&target) { 200 } else { 401 };
            assert_eq!(status_of(&head), expected, "{target}");
        }
        for target in OPENED {
            let evil = "Host: evil.example\r\nSec-Fetch-Site: same-origin\r\n";
            let wrong = "Authorization: Basic bm8=\r\n";
            for (headers, expected) in [(evil, 403), (wrong, 200)] {
                let head = head(site.ajar_client().await, "GET", target, headers).await;
                assert_eq!(status_of(&head), expected, "{target} {headers}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn by_an_unknown_name_a_browser_reaches_no_route() {
    Site::run(Limits::for_servers(2), async |site| {
        let evil = "Host: evil.example\r\nSec-Fetch-Site: same-origin\r\n";
        let rebound = "Host: evil.example:9001\r\nOrigin: http://evil.example:9001\r\n";
        for target in TARGETS {
            for (method, headers) in [("GET", evil), ("POST", rebound)] {
                let head = head(site.inet_client().await, method, target, headers).await;
                assert_eq!(status_of(&head), 403, "{method} {target}");
            }
            // A program may call us what it likes, and on a unix socket there are no names.
            let program = head(
                site.inet_client().await,
                "GET",
                target,
                "Host: evil.example\r\n",
            )
            .await;
            let unix = head(site.client().await, "GET", target, evil).await;
            assert!(
                status_of(&program) != 403 && status_of(&unix) != 403,
                "{target}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn another_site_changes_nothing() {
    Site::run(Limits::for_servers(2), async |site| {
        let cross = "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n";
        let same_site = "Host: localhost\r\nSec-Fetch-Site: same-site\r\n";
        let origin = "Host: localhost\r\nOrigin: http://evil.example\r\n";
        let null = "Host: localhost\r\nOrigin: null\r\n";
        for headers in [cross, same_site, origin, null] {
            for (method, target) in [
                ("POST", "/RPC2"),
                ("POST", "/RPC2/x"),
                ("POST", "/web/act"),
                ("POST", "/program/start/cat"),
                ("PUT", "/program/stop/node/cat"),
                ("POST", "/program/startPrograms"),
                ("PUT", "/supervisor/shutdown"),
                ("POST", "/%73upervisor/node/reload"),
                ("POST", "/"),
                ("GET", "/?action=stopall"),
                ("GET", "/index.html?a=b&%61ction=start&processname=cat"),
                ("POST", "/index.html?action=refresh"),
            ] {
                for client in [site.client().await, site.inet_client().await] {
                    let head = head(client, method, target, headers).await;
                    assert_eq!(status_of(&head), 403, "{method} {target} {headers}");
                }
            }
            // Links to what only shows something are links.
            for target in [
                "/",
                "/?action=refresh",
                "/tail.html",
                "/ok.html",
                "/images/icon.png",
            ] {
                let head = head(site.inet_client().await, "GET", target, headers).await;
                assert_eq!(status_of(&head), 200, "{target} {headers}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn our_own_pages_and_programs_are_let_through() {
    Site::run(Limits::for_servers(2), async |site| {
        for headers in [
            "",
            "Host: x\r\n",
            "Host: localhost:1\r\nOrigin: http://localhost:1\r\n",
            "Host: localhost:1\r\nSec-Fetch-Site: same-origin\r\n",
        ] {
            for (method, target) in [
                ("POST", "/RPC2"),
                ("GET", "/?action=stopall"),
                ("POST", "/"),
            ] {
                let head = head(site.inet_client().await, method, target, headers).await;
                assert_eq!(status_of(&head), 200, "{method} {target} {headers}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn browsers_are_told_to_take_answers_for_what_they_are() {
    Site::run(Limits::for_servers(2), async |site| {
        for target in TARGETS {
            let browser = head(
                site.inet_client().await,
                "GET",
                target,
                "User-Agent: Mozilla/5.0\r\n",
            )
            .await;
            for line in [
                "Content-Security-Policy: default-src 'none'; script-src 'self'; ",
                "frame-ancestors 'none'",
                "\r\nX-Content-Type-Options: nosniff\r\n",
                "\r\nX-Frame-Options: DENY\r\n",
            ] {
                assert!(browser.contains(line), "{target}: {line} in {browser}");
            }
            assert!(!browser.contains("unsafe"));
            let program = head(site.inet_client().await, "GET", target, "").await;
            assert!(!program.contains("X-Frame-Options"), "{target}");
        }
    })
    .await;
}
