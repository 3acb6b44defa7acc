"""What was found out about logs, kept for the next question."""

from collections import OrderedDict

from crdt.history.replay import Replayer
from crdt.history.timeline import Timeline


class HistoryCache:
    """Timelines by session, and replayers by session and log position; the ones unused for longest go first."""

    __slots__ = ("_max_replayers", "_max_timelines", "_replayers", "_timelines")

    def __init__(self, max_replayers: int = 8, max_timelines: int = 32) -> None:
        """Start empty; a replayer holds a document, a timeline what a slider shows of a session."""
        self._max_replayers = max_replayers
        self._max_timelines = max_timelines
        self._replayers: OrderedDict[tuple[str, int], Replayer] = OrderedDict()
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    def __contains__(self, session_id: str) -> bool:
        """Whether anything is kept of a session."""
        return session_id in self._timelines or any(key[0] == session_id for key in self._replayers)

    def take_timeline(self, session_id: str) -> Timeline:
        """Remove and return a session's timeline as far as it was folded; a new one if there is none."""
        return self._timelines.pop(session_id, None) or Timeline()

    def put_timeline(self, session_id: str, timeline: Timeline) -> None:
        self._timelines[session_id] = timeline
        if len(self._timelines) > self._max_timelines:
            self._timelines.popitem(last=False)

    def take_replayer(self, session_id: str, sequence: int) -> Replayer | None:
        """Remove and return a replayer that stands at a log position, if there is one."""
        return self._replayers.pop((session_id, sequence), None)

    def put_replayer(self, session_id: str, replayer: Replayer) -> None:
        self._replayers[session_id, replayer.sequence] = replayer
        if len(self._replayers) > self._max_replayers:
            self._replayers.popitem(last=False)

    def forget(self, session_id: str) -> None:
        """Keep nothing of a session that was deleted, or whose log was changed."""
        self._timelines.pop(session_id, None)
        for key in [key for key in self._replayers if key[0] == session_id]:
            del self._replayers[key]
