"""HTTP by hand: the bytes a test sends are the bytes that arrive, and a reply is kept as it came."""

import select
import socket
import time
from dataclasses import dataclass, field


@dataclass
class Reply:
    """One response: status line, header lines in the order they came, body without its framing."""

    status: str
    headers: list = field(default_factory=list)
    body: bytes = b""
    chunks: list = field(default_factory=list)

    @property
    def code(self) -> int:
        return int(self.status.split()[1])

    def header(self, name: str):
        """The value of the first header of that name, in any case; None when there is none."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def names(self) -> list:
        return [key for key, _ in self.headers]


class Closed(Exception):
    """The server closed the connection where a reply was expected."""


class Connection:
    """One connection to a daemon, over its unix or its inet socket."""

    def __init__(self, address, limit: float = 10.0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(limit)
        self.limit = limit
        self.socket.connect(address)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes):
        self.socket.sendall(data)
        return self

    def finish_sending(self):
        """Closes our half; a reply may still come."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def more(self) -> bool:
        """Reads once; False when the other side has closed."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise Closed(self.buffer)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            if not self.more():
                raise Closed(self.buffer)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def head(self) -> Reply:
        """Reads the status line and the headers only."""
        reply = Reply(self.line().decode("latin-1"))
        while True:
            line = self.line().decode("latin-1")
            if not line:
                return reply
            name, _, value = line.partition(": ")
            reply.headers.append((name, value))

    def chunk(self) -> bytes:
        """Reads one chunk of a chunked body; empty for the last one."""
        size = int(self.line(), 16)
        data = self.exactly(size)
        self.line()
        return data

    def reply(self, body: bool = True) -> Reply:
        """Reads a whole response; one without a length ends when the connection does."""
        reply = self.head()
        if not body or reply.code == 304 or reply.code < 200:
            return reply
        if (reply.header("Transfer-Encoding") or "").lower() == "chunked":
            while data := self.chunk():
                reply.chunks.append(data)
            reply.body = b"".join(reply.chunks)
        elif reply.header("Content-Length") is not None:
            reply.body = self.exactly(int(reply.header("Content-Length")))
        else:
            while self.more():
                pass
            reply.body, self.buffer = self.buffer, b""
        return reply

    def until(self, condition, limit: float = 10.0) -> bytes:
        """Reads until `condition(all bytes so far)`; returns those bytes and leaves them in the buffer."""
        end = time.monotonic() + limit
        while not condition(self.buffer):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not within {limit} s; got {self.buffer!r}")
            if select.select([self.socket], [], [], left)[0] and not self.more():
                raise Closed(self.buffer)
        return self.buffer

    def closed_by_server(self, limit: float = 5.0) -> bool:
        """Whether the server closes within the limit without sending anything more."""
        if self.buffer:
            return False
        ready = select.select([self.socket], [], [], limit)[0]
        return bool(ready) and not self.more()


def post(body: bytes, *headers: str, path: str = "/RPC2", version: str = "HTTP/1.1") -> bytes:
    """A POST of `body` as a client would write it; further header lines as given."""
    lines = [f"POST {path} {version}", "Host: localhost", "Content-Type: text/xml", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str, *headers: str, version: str = "HTTP/1.1", method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {path} {version}", "Host: localhost", *headers]).encode() + b"\r\n\r\n"
