"""Python's own XML-RPC client, over a unix or an inet socket, with nothing of supervisor's in between."""

import http.client
import socket
import xmlrpc.client


class _UnixHTTPConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _InetTransport(xmlrpc.client.Transport):
    def __init__(self, limit):
        super().__init__()
        self._limit = limit

    def make_connection(self, host):
        connection = super().make_connection(host)
        connection.timeout = self._limit
        return connection


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path, limit):
        super().__init__()
        self._path = path
        self._limit = limit

    def make_connection(self, host):
        if not self._connection or self._connection[0] != host:
            self._connection = host, _UnixHTTPConnection(self._path, self._limit)
        return self._connection[1]


def unix_proxy(path: str, limit: float) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(path, limit))


def inet_proxy(port: int, limit: float, credentials: str = "") -> xmlrpc.client.ServerProxy:
    """`credentials` is ``user:password``, sent with every request."""
    at = f"{credentials}@" if credentials else ""
    return xmlrpc.client.ServerProxy(f"http://{at}127.0.0.1:{port}", transport=_InetTransport(limit))
