"""The errors that a room raises.

    CrdtError
     +-- ProtocolError          permanent: the frame is malformed
     |    +-- Rejected          permanent: a well-framed update that must not reach the document
     +-- Gap                    permanent: a stored update builds on structs that are not in the log
     +-- LimitExceeded          permanent: the update is over a limit, which the error names
     |    +-- DocumentFull      permanent: the document would pass a limit
     |    +-- OutputTooLarge    permanent: a run has too much input or output
     +-- NeedsSteps             transient: the update is taken elsewhere, in steps
     +-- RunForbidden           permanent: the session's owner lets this member run no programs
     +-- NoText                 permanent: a root is not a text, and the request is for texts only
     +-- VersionDamaged         permanent: the stored texts of a version cannot be trusted
     +-- RoomUnavailable        transient: the store is away, or the server is stopping
     |    +-- DocumentShrinking transient: the document is full; deleted content is being removed
     +-- WorkError              a worker process did not finish its work
     |    +-- WorkTooLarge      permanent: it took longer, or more memory, than one request may
     |    +-- WorkerDied        transient: the process ended before the work was done
     |    +-- WorkersBusy       transient: too much work waits already
     +-- TextUnavailable        permanent: the stored bytes are sound, but not readable as text here
     +-- RoomDamaged            permanent: the stored bytes of the document cannot be trusted
          +-- RoomSetAside      transient: the process died while it worked for this session

"Permanent" means that the same request, sent again, gets the same answer.
"""

from collections.abc import Mapping


class CrdtError(Exception):
    """Base class of all errors that a room raises on purpose."""


class ProtocolError(CrdtError):
    """The bytes do not follow y-protocols; the sender's connection is closed."""


class Rejected(ProtocolError):
    """The update is malformed, hostile or over a limit.

    The update was neither applied, relayed nor stored.
    """


class Gap(CrdtError):
    """An update builds on structs that the document does not have."""


class LimitExceeded(CrdtError):
    """A client's update or request is over a limit; no part of it was taken.

    limit  the name of the setting, for the client
    """

    def __init__(self, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.limit = limit


class DocumentFull(LimitExceeded):
    """The document would grow past a limit; it was not changed."""


class OutputTooLarge(LimitExceeded):
    """A run has too much input or output; it was not stored.

    field  the part of the run that is too large: stdin, stdout or stderr
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RunForbidden(CrdtError):
    """The session's owner does not let this member run programs.

    runners  the session's rule: nobody, editors or all
    """

    def __init__(self, runners: str) -> None:
        super().__init__(f"only {runners} may run programs")
        self.runners = runners


class NeedsSteps(CrdtError):
    """The update would block the event loop if it was taken as a whole.

    No part of it was taken; the caller should take it in steps.
    """


class NoText(CrdtError):
    """The request is possible for texts only, and some roots are not texts; nothing was changed.

    roots  {name: kind of the root}
    """

    def __init__(self, roots: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name!r} ({kind})" for name, kind in roots.items()))
        self.roots = dict(roots)

    def __reduce__(self) -> tuple[type["NoText"], tuple[dict[str, str]]]:
        """Pickle the error by its arguments, because worker processes raise it."""
        return NoText, (self.roots,)


class VersionDamaged(CrdtError):
    """A version failed its checksum; no part of it is shown.

    number  the version's number
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"version {number}")
        self.number = number


class RoomUnavailable(CrdtError):
    """The room cannot be used now; the same call may succeed later."""


class DocumentShrinking(RoomUnavailable):
    """The document is full until deleted content is removed from it; it was not changed."""


class WorkError(CrdtError):
    """A worker process (`crdt.workers`) did not finish its work; nothing was changed."""


class WorkTooLarge(WorkError):
    """The work took longer, or needed more memory, than one request may."""


class WorkerDied(WorkError):
    """The worker process ended before the work was done."""


class WorkersBusy(WorkError):
    """Too much work waits already."""


class TextUnavailable(CrdtError):
    """The server cannot read or edit the document's texts; clients can still edit it."""


class RoomDamaged(CrdtError):
    """A stored row of the document failed its checksum or the scan; nothing was changed."""


class RoomSetAside(RoomDamaged):
    """The server process died while it worked for this session.

    The session is out of service for a while (`crdt.quarantine`).
    """
