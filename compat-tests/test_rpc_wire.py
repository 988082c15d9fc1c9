"""The XML of requests and replies: what is understood, what is refused and how, and ``system.multicall``."""

import pytest

from harness import http, shared_pair

CONFIG = """
[program:cat]
command=/bin/cat
startsecs=0
[program:off]
command=/bin/cat
autostart=false
startsecs=0
[program:slow]
command=/bin/cat
autostart=false
startsecs=1
"""

pair = shared_pair(CONFIG, ready=lambda d: d.wait_states(cat="RUNNING"))

CALL = "<methodCall><methodName>{}</methodName><params>{}</params></methodCall>"


def call(method, *values):
    return CALL.format(method, "".join(f"<param>{v}</param>" for v in values))


def info(value):
    return call("supervisor.getProcessInfo", value)


def event(value):
    """sendRemoteCommEvent takes any value, so what it was understood as does not matter, only that it was."""
    return call("supervisor.sendRemoteCommEvent", "<value>t</value>", value)


def log(value):
    return call("supervisor.tailProcessStdoutLog", "<value>cat</value>", value, "<value><int>0</int></value>")


def ask(pair, body):
    if isinstance(body, str):
        body = body.encode()

    def scenario(d):
        reply = d.ask(http.post(body))
        assert reply.header("Content-Length") == str(len(reply.body))
        return reply.status, reply.names(), reply.header("Content-Type"), reply.body
    return pair.same(scenario)


@pytest.mark.parametrize("body", [
    info("<value><string>cat</string></value>"),
    info("<value>cat</value>"),
    info("<value><base64>Y2F0</base64></value>"),
    info("<value><base64> Y2\nF0 </base64></value>"),
    info("<value>ignored<string>cat</string>too</value>"),
    info("<value><string>c&#97;t</string></value>"),
    info("<value><string><![CDATA[cat]]></string></value>"),
    info("<value><string>c<!-- note -->at</string></value>"),
    info("<value><string>caf\u00e9 &lt;&amp;&gt; \u20ac</string></value>"),
    info("<value><string></string></value>"),
    info("<value></value>"),
    info("<value/>"),
    info("<value> cat </value>"),
    info("<value><string>\n</string></value>"),
    info("<value><string>a&#13;b</string></value>"),
    info("<value><string>&quot;&apos;</string></value>"),
    "<?xml version='1.0'?>\n" + call("supervisor.getVersion"),
    "<?xml version=\"1.0\" encoding=\"latin-1\"?>" + info("<value>caf\u00e9</value>"),
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<!-- hello -->\r\n" + call("supervisor.getVersion") + "\r\n<!-- bye -->\r\n",
    "<methodCall><methodName>supervisor.getVersion</methodName></methodCall>",
    "<methodCall><methodName>supervisor.getVersion</methodName><params/></methodCall>",
    "<methodCall>\n  <methodName>supervisor.getVersion</methodName>\n  <params>\n  </params>\n</methodCall>\n",
    "<anything><methodName>supervisor.getVersion</methodName></anything>",
    event("<value><int>5</int></value>"), event("<value><i4> -5 </i4></value>"), event("<value><boolean>1</boolean></value>"),
    event("<value><double>1.5</double></value>"), event("<value><double>-1e3</double></value>"), event("<value><string/></value>"),
    event("<value><i8>5</i8></value>"), event("<value><array><data><value>x</value><value><int>1</int></value></data></array></value>"),
    event("<value><array><data/></array></value>"), event("<value><struct><member><name>a</name><value>b</value></member></struct></value>"),
    event("<value><struct/></value>"),
    log("<value><int>0</int></value>"), log("<value><i4>+1</i4></value>"), log("<value><int> 7 </int></value>"), log("<value>3</value>"),
    log("<value><i8>5</i8></value>"), log("<value><double>2.7</double></value>"), log("<value><boolean>1</boolean></value>"),
    call("supervisor.stopProcess", "<value>off</value>", "<value><boolean>true</boolean></value>"),
], ids=lambda b: b[:100].replace("methodCall", "mC").replace("methodName", "mN").replace("supervisor.", ""))
def test_what_is_understood(pair, body):
    """XML-021, XML-024..037; XML-001..007; CLT-001, CLT-003, CLT-013."""
    status, names, kind, _ = ask(pair, body)
    assert status == "HTTP/1.1 200 OK" and kind == "text/xml" and names == ["Server", "Date", "Content-Type", "Content-Length"]


@pytest.mark.parametrize("body", [
    " ", "hello", "<methodCall>", "<methodCall></methodCall>", "<methodCall><methodName></methodName></methodCall>", "<a><b></a></b>",
    "<methodCall><params/></methodCall>", call("supervisor.getVersion") + "trailing", call("supervisor.getVersion") * 2,
    info("<value><int>x</int></value>"), info("<value><int></int></value>"), info("<value><i4>1.5</i4></value>"), info("<value><double>x</double></value>"),
    info("<value><base64>/w==</base64></value>"), info("<value><dateTime.iso8601>yesterday</dateTime.iso8601></value>"),
    info("<value><array></array></value>"), info("<value><string>&#1;</string></value>"), info("<value><string>\x01</string></value>"),
    info("<value><string>&unknown;</string></value>"), "<methodCall><methodName>supervisor.getVersion</methodName><params><param></param></params></methodCall>",
    info("<value><struct><member><name>a</name></member></struct></value>"), info("<value><string>a & b</string></value>"),
    "<?xml version='1.0'?", "\ufeff<", "<methodCall attr></methodCall>",
], ids=lambda b: repr(b)[:70])
def test_what_is_refused(pair, body):
    """XML-022, XML-023, XML-029, XML-032..036, XML-038; MSG-005."""
    status, names, kind, body = ask(pair, body)
    assert status == "HTTP/1.1 400 Bad Request" and kind == "text/html"


def test_refusals_are_logged(pair):
    """XML-022, XML-023; MSG-005."""
    def scenario(d):
        before = len(d.log_messages("is invalid"))
        d.ask(http.post(b"<broken"))
        d.ask(http.post(b"<methodCall><params/></methodCall>"))
        return d.log_messages("is invalid")[before:]
    assert pair.same(scenario) == [
        "ERRO XML-RPC request data '<broken' is invalid: unmarshallable",
        "ERRO XML-RPC request data '<methodCall><params/></methodCall>' is invalid: no method name",
    ]


def test_an_empty_body(pair, ours_only):
    """HTTP-030: the reference never answers; ours says 400."""
    assert pair.ours.ask(http.post(b"")).code == 400


def test_bytes_that_are_no_utf_8(pair, ours_only):
    """XML-020: the reference drops the connection; ours says 400."""
    assert pair.ours.ask(http.post(info("<value>x</value>").encode().replace(b"x<", b"\xff<"))).code == 400


@pytest.mark.parametrize("doctype", [
    "<!DOCTYPE a [<!ENTITY e 'cat'>]>",
    "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY e '&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
])
def test_entities_do_no_harm(pair, doctype):
    """XML-026: refusing a DTD is fine, hanging or dying is not."""
    for daemon in pair.both:
        assert daemon.ask(http.post((doctype + info("<value>&e;</value>")).encode())).code in (200, 400)
        assert daemon.call("supervisor.getState")["statename"] == "RUNNING"


def test_huge_numbers_and_deep_nests_do_no_harm(pair):
    """RPC-168, XML-029."""
    deep = event("<value><array><data>" * 3000 + "</data></array></value>" * 3000)
    for daemon in pair.both:
        for body in (log(f"<value><int>{10 ** 30}</int></value>"), call("supervisor.readLog", f"<value><int>{1 << 70}</int></value>", "<value><int>1</int></value>"), deep):
            daemon.ask(http.post(body.encode()))
        assert daemon.call("supervisor.getState")["statename"] == "RUNNING"


def test_a_large_request(pair):
    """HTTP-026."""
    assert pair.call("supervisor.sendRemoteCommEvent", "type", "x" * 3_000_000) is True


def test_a_long_answer_after_waiting_has_its_length_in_bytes(pair):
    """XML-014: the reference counts characters after a wait; that must not be copied. Pure ASCII is compared here."""
    def scenario(d):
        reply = d.raw_call("supervisor.startProcess", "slow")
        assert reply.header("Content-Length") == str(len(reply.body))
        return reply.status, reply.names(), reply.body, d.call("supervisor.stopProcess", "slow")
    assert "<boolean>1</boolean>" in pair.same(scenario)[2]


# system.multicall

CALLS = {
    "bare values": [{"methodName": "supervisor.getVersion", "params": []}, {"methodName": "supervisor.getState"}, {"methodName": "system.methodSignature", "params": ["supervisor.getPID"]}],
    "faults": [{"methodName": "supervisor.nope"}, {"methodName": "supervisor.getProcessInfo", "params": ["nope"]}, {"methodName": "supervisor.getVersion", "params": [1]}],
    "no name": [{"params": []}, {}, {"methodName": ""}],
    "nested": [{"methodName": "system.multicall", "params": [[]]}, {"methodName": "supervisor.getVersion"}],
    "empty": [],
    "start and stop": [{"methodName": "supervisor.startProcess", "params": ["slow"]}, {"methodName": "supervisor.stopProcess", "params": ["slow"]},
                       {"methodName": "supervisor.stopProcess", "params": ["slow"]}],
    "without waiting": [{"methodName": "supervisor.startProcess", "params": ["slow", False]}, {"methodName": "supervisor.getProcessInfo", "params": ["slow"]}],
    "groups": [{"methodName": "supervisor.startProcessGroup", "params": ["cat"]}, {"methodName": "supervisor.signalAllProcesses", "params": ["WINCH"]},
               {"methodName": "supervisor.stopProcessGroup", "params": ["slow"]}, {"methodName": "supervisor.reloadConfig"}],
    "a string for params": [{"methodName": "supervisor.getProcessInfo", "params": "cat"}, {"methodName": "supervisor.getVersion", "params": ""}],
    "listMethods": [{"methodName": "supervisor.getAllConfigInfo"}],
}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_multicall(pair, calls):
    """RPC-195..203; CLT-004."""
    def scenario(d):
        reply = d.raw_call("system.multicall", calls)
        assert reply.header("Content-Length") == str(len(reply.body))
        return reply.status, reply.names(), reply.body
    assert "<array>" in pair.same(scenario)[2]


@pytest.mark.parametrize("argument", [5, "text", [5], ["text"], [None], {"methodName": "supervisor.getVersion"}])
def test_multicall_of_something_else_is_an_error(pair, argument):
    """RPC-202: a fault or HTTP 500."""
    import xmlrpc.client
    body = xmlrpc.client.dumps((argument,), "system.multicall", allow_none=True).encode()
    for daemon in pair.both:
        reply = daemon.ask(http.post(body))
        assert reply.code in (400, 500) or b"fault" in reply.body


