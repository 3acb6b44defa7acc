"""The HTTP server, with a bound on how often one address connects."""

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from handlers.http.network import subscriber
from handlers.limits import RateLimiter


class Listener(HTTPServer):
    """Closes the connections of an address that opens too many, before anything is read.

    A handshake costs most of a millisecond before any of its headers could be counted.

    limiter  by address; None behind proxies, which are one address for everybody
    """

    limiter: RateLimiter | None = None

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        if self.limiter and self.limiter.wait_s(subscriber(address[0])):
            stream.close()
            return
        super().handle_stream(stream, address)
