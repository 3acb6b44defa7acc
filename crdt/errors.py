"""What can go wrong in a room.

    CrdtError
     +-- ProtocolError          permanent: the frame is malformed
     |    +-- Rejected          permanent: a well-framed update that must not reach the document
     +-- Gap                    permanent: a stored update builds on structs that are not in the log
     +-- LimitExceeded          permanent: the update is beyond a limit, which the error names
     |    +-- DocumentFull      permanent: the document would pass a limit
     +-- NeedsSteps             transient: the update is taken elsewhere, in steps
     +-- NoText                 permanent: a root is no text, and the request is for texts only
     +-- VersionDamaged         permanent: the stored texts of a version cannot be trusted
     +-- RoomUnavailable        transient: the store is away, or the server is stopping
     |    +-- DocumentShrinking transient: the document is full; deleted content is being removed
     +-- WorkError              a worker process did not do what it was given
     |    +-- WorkTooLarge      permanent: it took longer, or more memory, than one request may
     |    +-- WorkerDied        transient: the process ended before it was done
     |    +-- WorkersBusy       transient: too much work waits already
     +-- TextUnavailable        permanent: what is stored is sound, but not readable as text here
     +-- RoomDamaged            permanent: what is stored of the document cannot be trusted
          +-- RoomSetAside      transient: the process died while it worked for this session

"Permanent" means that an equal request, sent again, gets an equal answer.
"""

from collections.abc import Mapping


class CrdtError(Exception):
    """Base of everything a room raises on purpose."""


class ProtocolError(CrdtError):
    """The bytes are not what y-protocols define; the sender's connection is closed."""


class Rejected(ProtocolError):
    """The update is malformed, hostile or beyond a limit;
    it was neither applied, relayed nor stored.
    """


class Gap(CrdtError):
    """An update builds on structs that the document does not have."""


class LimitExceeded(CrdtError):
    """What a client sent is beyond a limit; nothing of it was taken.

    limit  the name of the setting, for the client
    """

    def __init__(self, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


class DocumentFull(LimitExceeded):
    """The document would grow past a limit; it was not changed."""


class NeedsSteps(CrdtError):
    """To take the update as a whole would hold the event loop;
    nothing of it was taken, and it should come in steps.
    """


class NoText(CrdtError):
    """What was asked for is possible for texts only, and some roots are no texts;
    nothing was changed.

    roots  {name: what it is}
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name!r} ({kind})" for name, kind in roots.items()))
        self.roots = dict(roots)

    def __reduce__(self) -> tuple[type["NoText"], tuple[dict[str, str]]]:
        """Pickle it by its arguments, because it comes out of worker processes."""
        return NoText, (self.roots,)


class VersionDamaged(CrdtError):
    """A version failed its checksum; nothing of it is shown.

    number  which one
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"version {number}")
        self.number = number


class RoomUnavailable(CrdtError):
    """The room cannot be used now; the same call may succeed later."""


class DocumentShrinking(RoomUnavailable):
    """The document is at its limit until deleted content has left it; it was not changed."""


class WorkError(CrdtError):
    """A worker process (`crdt.workers`) did not do what it was given; nothing was changed."""


class WorkTooLarge(WorkError):
    """The work took longer, or more memory, than one request may."""


class WorkerDied(WorkError):
    """The process ended before the work was done."""


class WorkersBusy(WorkError):
    """Too much work waits already."""


class TextUnavailable(CrdtError):
    """The document's texts cannot be read or edited by the server; its editors can go on."""


class RoomDamaged(CrdtError):
    """A stored row of the document failed its checksum or the scan;
    nothing was changed or dropped.
    """


class RoomSetAside(RoomDamaged):
    """The process died while it worked for this session,
    which is out of service for a while (`crdt.quarantine`).
    """
