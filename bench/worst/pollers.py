"""A Socket.IO client that polls: it joins a session, sends whole texts, and reads messages."""

import itertools
import json
import time
from typing import Any

from bench.worst.people import Person

_PATH = "/socket.io/?EIO=4&transport=polling"
_SEPARATOR = "\x1e"
_TEXT = "text/plain;charset=UTF-8"
_PATIENCE_S = 100.0


class Poller:
    """A client that has joined a session; one thread at a time may use it."""

    def __init__(self, person: Person, session_id: str) -> None:
        self._person = person
        self._numbers = itertools.count(1)
        opened = person.request("GET", _PATH).body
        self._path = f"{_PATH}&sid={json.loads(opened[1:])['sid']}"
        self._post("40" + json.dumps({"token": person.token}))
        self._await("40")
        self.emit("join-session", session_id)

    def emit(self, event: str, content: Any) -> int:
        """Send an event, and wait for its acknowledgement.

        Return 200 if the server accepted it, else 0.
        """
        number = next(self._numbers)
        if self._post(f"42{number}{json.dumps([event, content])}") != 200:
            return 0
        return 200 if '"ok":true' in self._await(f"43{number}[") else 0

    def read_until(self, until: float) -> int:
        """Read messages until a time; return the number of their bytes."""
        size = 0
        while time.monotonic() < until:
            size += sum(map(len, self._poll(max(0.1, until - time.monotonic()))))
        return size

    def _post(self, packets: str) -> int:
        return self._person.request("POST", self._path, packets.encode(), content_type=_TEXT).status

    def _poll(self, timeout_s: float) -> list[str]:
        packets = (
            self._person.request("GET", self._path, timeout_s=timeout_s)
            .body.decode()
            .split(_SEPARATOR)
        )
        if pongs := ["3" for packet in packets if packet == "2"]:
            self._post(_SEPARATOR.join(pongs))
        return packets

    def _await(self, prefix: str) -> str:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            for packet in self._poll(_PATIENCE_S):
                if packet.startswith(prefix):
                    return packet
        return ""
