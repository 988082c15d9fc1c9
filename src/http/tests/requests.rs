//! Requests and answers: heads, keep-alive, methods, passwords, the end of the server.

use crate::http::Limits;
use crate::http::testing::{Client, Site, post, status_of};

fn limits() -> Limits {
    Limits::for_servers(2)
}

// HTTP-036, HTTP-063, HTTP-050, CLT-001
#[tokio::test]
async fn a_call_is_answered_and_the_connection_kept() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        for body in ["<one/>", "<two/>"] {
            client.send(post("Host: /a/path\r\n", body)).await;
            let (head, answer) = client.answer().await;
            assert_eq!(
                head,
                "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Type: text/xml\r\n\
                 Content-Length: 6\r\n\r\n"
            );
            assert_eq!(answer, body);
        }
    })
    .await;
}

// HTTP-001, HTTP-015
#[tokio::test]
async fn all_servers_answer_alike() {
    Site::run(limits(), |site| async move {
        for mut client in [site.client().await, site.inet_client().await] {
            client.send(post("", "<one/>")).await;
            assert_eq!(client.answer().await.1, "<one/>");
            client.send("GET /ok.html HTTP/1.1\r\n\r\n").await;
            assert_eq!(client.answer().await.1, "OK");
        }
    })
    .await;
}

// HTTP-035
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        let requests: String = (0..20).map(|n| post("", &format!("<{n}>"))).collect();
        client.send(requests).await;
        for n in 0..20 {
            assert_eq!(client.answer().await.1, format!("<{n}>"));
        }
    })
    .await;
}

// HTTP-051, HTTP-054, CLT-013
#[tokio::test]
async fn http_1_0_closes_unless_asked_to_stay() {
    Site::run(limits(), |site| async move {
        let answer = site
            .ask_once("POST /RPC2 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
            .await;
        assert_eq!(
            answer,
            "HTTP/1.0 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Type: text/xml\r\n\
             Content-Length: 2\r\n\r\nhi"
        );
        let mut client = site.client().await;
        for value in ["keep-alive", "Keep-Alive"] {
            let call = "POST /RPC2 HTTP/1.0\r\nContent-Length: 2\r\n";
            client
                .send(format!("{call}Connection: {value}\r\n\r\nhi"))
                .await;
            assert_eq!(
                client.answer().await.0,
                "HTTP/1.0 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Type: text/xml\r\n\
                 Content-Length: 2\r\nConnection: Keep-Alive\r\n\r\n"
            );
        }
    })
    .await;
}

// HTTP-050, HTTP-053
#[tokio::test]
async fn http_1_1_closes_when_asked_to() {
    Site::run(limits(), |site| async move {
        for value in ["close", "Close"] {
            let request = post(&format!("Connection: {value}\r\n"), "hi");
            assert!(site.ask_once(&request).await.ends_with("\r\n\r\nhi"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_closed_its_sending_side_is_answered() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        client.send(post("", "wait")).await;
        client.close_sending_side().await;
        site.backend.go_on.notify_one();
        assert!(client.rest().await.ends_with("\r\n\r\nwait"));
    })
    .await;
}

// HTTP-037, HTTP-055
#[tokio::test]
async fn an_error_is_a_page_and_the_connection_stays() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        client.send("GET /nothing HTTP/1.1\r\n\r\n").await;
        let (head, page) = client.answer().await;
        assert_eq!(
            head,
            "HTTP/1.1 404 Not Found\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Length: 134\r\n\
             Content-Type: text/html\r\n\r\n"
        );
        assert_eq!(
            page,
            "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n\
             <p>Error code 404.\r\n<p>Message: Not Found.\r\n</body>\r\n"
        );
        client.send(post("", "hi")).await;
        assert_eq!(client.status().await, 200);
    })
    .await;
}

// HTTP-024, HTTP-028, HTTP-030, HTTP-034, HTTP-062, HTTP-064, HTTP-065, HTTP-093, HTTP-094
#[tokio::test]
async fn each_request_has_its_status() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        for (request, status) in [
            ("GET /RPC2 HTTP/1.1\r\n\r\n", 400),
            ("post /RPC2 HTTP/1.1\r\n\r\n", 400),
            ("POST /RPC2 HTTP/1.1\r\n\r\n", 411),
            ("POST /RPC2 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
            ("POST /RPC2?x HTTP/1.1\r\nContent-Length: 3\r\n\r\n500", 500),
            ("POST /RPC2 HTTP/1.1\r\nContent-Length: 3\r\n\r\n400", 400),
            ("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 400),
            ("PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 400),
            ("DELETE /x HTTP/1.1\r\n\r\n", 400),
            ("OPTIONS * HTTP/1.1\r\n\r\n", 400),
            (
                "POST http://x/RPC2 HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
                400,
            ),
            ("GET http://x/RPC2 HTTP/1.1\r\n\r\n", 404),
            ("GET /logtail HTTP/1.1\r\n\r\n", 500),
            ("GET /logtail/ HTTP/1.1\r\n\r\n", 404),
            ("GET /logtail/nobody HTTP/1.1\r\n\r\n", 404),
            ("POST /logtail/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
            ("POST /mainlogtail HTTP/1.1\r\n\r\n", 400),
            ("GET /mainlogtail HTTP/1.1\r\n\r\n", 404),
            ("GET /ok.html HTTP/1.1\r\n\r\n", 200),
        ] {
            client.send(request).await;
            assert_eq!(client.status().await, status, "{request:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_head_request_gets_a_head() {
    Site::run(limits(), |site| async move {
        let mut client = site.client().await;
        for (path, first_line) in [
            ("/nothing", "HTTP/1.1 404 Not Found\r\n"),
            ("/ok.html", "HTTP/1.1 404 Not Found\r\n"),
            ("/RPC2", "HTTP/1.1 400 Bad Request\r\n"),
            ("/logtail/x", "HTTP/1.1 400 Bad Request\r\n"),
        ] {
            client.send(format!("HEAD {path} HTTP/1.1\r\n\r\n")).await;
            let head = client.until("\r\n\r\n").await;
            assert!(head.starts_with(first_line), "{path}: {head}");
            assert!(head.contains("\r\nContent-Length: 13"), "{path}: {head}");
        }
    })
    .await;
}

// HTTP-022, RQK-002: never a silent end
#[tokio::test]
async fn what_is_no_request_is_told_so() {
    Site::run(limits(), |site| async move {
        for request in [
            "hello\r\n\r\n",
            "GET  /  HTTP/1.1\r\n\r\n",
            "GET / HTTP/3.0\r\n\r\n",
        ] {
            let answer = site.ask_once(request).await;
            assert_eq!(status_of(&answer), 400, "{request:?}: {answer:?}");
        }
    })
    .await;
}

// HTTP-070, HTTP-071, HTTP-072
#[tokio::test]
async fn without_the_password_everything_is_401() {
    Site::run(limits(), |site| async move {
        for request in [
            post("", "hi"),
            post("Authorization: Basic dTpw\r\n", "hi"),
            "GET /nothing HTTP/1.1\r\n\r\n".to_owned(),
            "GET /logtail/x HTTP/1.1\r\n\r\n".to_owned(),
            "PUT /ok.html HTTP/1.1\r\n\r\n".to_owned(),
        ] {
            let mut client = Client::connect(&site.folder.join("locked")).await;
            client.send(&request).await;
            let answer = client.rest().await;
            let head = "HTTP/1.1 401 Unauthorized\r\nServer: Medusa/1.12\r\nDate: DATE\r\nConnection: close\r\n\
                        WWW-Authenticate: Basic realm=\"default\"\r\nContent-Length: 137\r\n\
                        Content-Type: text/html\r\n\r\n";
            assert!(answer.starts_with(head), "{request:?}: {answer:?}");
        }
    })
    .await;
}

// HTTP-075, HTTP-076, HTTP-079
#[tokio::test]
async fn with_the_password_all_is_as_without_one() {
    Site::run(limits(), |site| async move {
        let mut client = Client::connect(&site.folder.join("locked")).await;
        let right = "Authorization: Basic dXPDqXI6cDp3\r\n";
        client.send(post(right, "hi")).await;
        assert_eq!(client.status().await, 200);
        client
            .send(format!("GET /RPC2 HTTP/1.1\r\n{right}\r\n"))
            .await;
        assert_eq!(client.status().await, 400);
        client
            .send(post("Authorization: Basic ZZZ\r\n", "hi"))
            .await;
        assert_eq!(client.status().await, 400);
    })
    .await;
}

// HTTP-007, SHD-013
#[tokio::test]
async fn at_the_end_answers_under_way_are_sent_and_the_files_go() {
    Site::run(limits(), |site| async move {
        let mut idle = site.client().await;
        let mut waiting = site.client().await;
        waiting.send(post("", "wait")).await;
        idle.send(post("", "hi")).await;
        assert_eq!(idle.status().await, 200);
        site.backend.go_on.notify_one();
        let folder = site.shut_down().await;
        assert!(waiting.rest().await.ends_with("\r\n\r\nwait"));
        assert_eq!(idle.rest().await, "");
        assert!(!folder.join("socket").exists());
        assert!(!folder.join("locked").exists());
    })
    .await;
}

// WEB-003, WEB-022, HTTP-110, HTTP-112, HTTP-116
#[tokio::test]
async fn pages_and_what_belongs_to_them_have_their_heads() {
    Site::run(Limits::for_servers(1), async |site| {
        let mut client = site.client().await;
        client.send("GET /?a=b HTTP/1.1\r\nHost: x:1\r\n\r\n").await;
        let (head, body) = client.answer().await;
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Type: text/html;charset=utf-8\r\n\
             Pragma: no-cache\r\nCache-Control: no-cache\r\nExpires: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             Content-Length: 22\r\n\r\n"
        );
        assert_eq!(body, "Status a=b Some(\"x:1\")");
        client.send("GET /?move HTTP/1.1\r\n\r\n").await;
        let (head, _) = client.answer().await;
        assert!(head.starts_with("HTTP/1.1 301 Moved Permanently\r\n"));
        assert!(head.contains("Location: http://x/?message=y\r\nContent-Type: text/html\r\nPragma: no-cache\r\n"));
        client.send("GET /tail.html?break HTTP/1.1\r\n\r\n").await;
        assert_eq!(client.status().await, 500);
        client.send("GET /images/icon.png HTTP/1.1\r\n\r\n").await;
        let (head, _) = client.answer().await;
        assert!(head.contains("Last-Modified: DATE\r\nContent-Length: 158\r\nContent-Type: image/png\r\n"));
        let known = "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT";
        client.send(format!("GET /images/icon.png HTTP/1.1\r\n{known}\r\n\r\n")).await;
        let (head, _) = client.answer().await;
        assert_eq!(head, "HTTP/1.1 304 Not Modified\r\nServer: Medusa/1.12\r\nDate: DATE\r\n\r\n");
        client.send("GET /images HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let (head, _) = client.answer().await;
        assert!(head.contains("Location: http://h/images/\r\nContent-Length: 142\r\n"));
    })
    .await;
}

// GO-324, GO-335: asked for with GET and HEAD; neither body nor length is wanted
#[tokio::test]
async fn metrics_are_given_as_they_are_wished_for() {
    Site::run(Limits::for_servers(2), async |site| {
        let mut client = site.client().await;
        client
            .send("GET /metrics?x HTTP/1.1\r\nAccept: a/b\r\nAccept-Encoding: gzip\r\n\r\n")
            .await;
        let (head, body) = client.answer().await;
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: DATE\r\nContent-Type: text/plain\r\n\
             Content-Length: 61\r\nCache-Control: no-store\r\nContent-Encoding: gzip\r\n\
             Vary: Accept, Accept-Encoding\r\n\r\n"
        );
        assert_eq!(
            body,
            "Wishes { accept: Some(\"a/b\"), accept_encoding: Some(\"gzip\") }"
        );
        client.send("POST /metrics HTTP/1.1\r\n\r\n").await;
        assert_eq!(client.status().await, 405);
        client.send("HEAD /metrics HTTP/1.1\r\n\r\n").await;
        let head = client.until("\r\n\r\n").await;
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\n") && !head.contains("gzip"),
            "{head}"
        );
        let seen = site.backend.answered.borrow();
        let seen: Vec<_> = seen
            .iter()
            .map(|kind| (kind.route, kind.method, kind.status))
            .collect();
        assert_eq!(
            seen,
            [
                ("metrics", "GET", 200),
                ("metrics", "POST", 405),
                ("metrics", "HEAD", 200)
            ]
        );
    })
    .await;
}

// Orchestrators look at the status; HEAD is enough for some.
#[tokio::test]
async fn health_is_one_word() {
    Site::run(limits(), async |site| {
        let mut client = site.client().await;
        client.send("GET /healthz HTTP/1.1\r\n\r\n").await;
        let (head, body) = client.answer().await;
        assert_eq!((status_of(&head), &*body), (200, "ok"));
        client.send("GET /readyz HTTP/1.1\r\n\r\n").await;
        let (head, body) = client.answer().await;
        assert_eq!((status_of(&head), &*body), (503, "unready"));
        client.send("HEAD /readyz HTTP/1.1\r\n\r\n").await;
        let head = client.until("\r\n\r\n").await;
        assert!(status_of(&head) == 503 && head.contains("Content-Length: 7\r\n"));
        client
            .send("POST /healthz HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
            .await;
        let (head, _) = client.answer().await;
        assert!(status_of(&head) == 405 && head.contains("Allow: GET, HEAD\r\n"));
    })
    .await;
}

// GO-294, GO-308: scripts post without a length, or in chunks
#[tokio::test]
async fn endpoints_take_what_scripts_send() {
    Site::run(limits(), async |site| {
        let mut client = site.client().await;
        client
            .send("POST /program/start/a%20b HTTP/1.1\r\n\r\n")
            .await;
        let (head, body) = client.answer().await;
        assert_eq!(status_of(&head), 202);
        assert!(head.contains("Content-Type: application/json\r\n"), "{head}");
        assert!(body.contains("name: \"a b\""), "{body}");
        client
            .send(
                "PUT /program/stopPrograms?x=1 HTTP/1.1\r\nAccept: application/json\r\n\
                 Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
            )
            .await;
        let (_, body) = client.answer().await;
        let expected = "Many(Stop) Ask { query: \"x=1\", body: [91, 93], takes_json: true, node: None, \
                        is_guarded: true }";
        assert_eq!(body, expected);
        for (request, allow) in [
            ("GET /program/start/a", "POST, PUT"),
            ("DELETE /program/list", "GET, HEAD"),
            ("POST /supervisor/n/ping", "GET, HEAD"),
        ] {
            client
                .send(format!("{request} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"))
                .await;
            let (head, _) = client.answer().await;
            assert_eq!(status_of(&head), 405, "{request}");
            assert!(head.contains(&format!("Allow: {allow}\r\n")), "{head}");
        }
    })
    .await;
}
