"""Turns a run's report into one value of a row, and back."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from storage.runs.records import CaseResult, RunReport

_CHECKSUM_BYTES = 4
_LEVEL = 6
"""Compression level of zlib, as for versions."""


def plain(report: RunReport) -> dict[str, Any]:
    """Return a report as JSON can hold it."""
    values = asdict(report)
    return {**values, "cases": list(values["cases"]), "hidden": list(values["hidden"])}


def report_of(values: Mapping[str, Any]) -> RunReport:
    """Return the report of what `plain` returned; raises TypeError or KeyError for other values."""
    cases = tuple(CaseResult(**case) for case in values["cases"])
    # Reports of earlier releases do not have this field.
    hidden = tuple(CaseResult(**case) for case in values.get("hidden", ()))
    return RunReport(**{**values, "cases": cases, "hidden": hidden})


def pack_report(session_id: str, number: int, report: RunReport | None) -> bytes:
    """Return a report as one value.

    Without a report, returns a value that `unpack_report` refuses.
    """
    if report is None:
        return b""
    text = json.dumps(plain(report), ensure_ascii=False)
    body = zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)
    return body + _checksum(session_id, number, body)


def unpack_report(session_id: str, number: int, data: bytes) -> RunReport:
    """Return the report in a value.

    Raises ValueError if the value was not packed for this run, and TypeError if it is no value.
    """
    body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not body or _checksum(session_id, number, body) != checksum:
        raise ValueError("the checksum of a run's report does not fit")
    return report_of(json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass")))


def _checksum(session_id: str, number: int, body: bytes) -> bytes:
    """Return the CRC of a value together with its row's key, as for the texts of versions."""
    crc = zlib.crc32(body, zlib.crc32(f"{session_id}/{number}".encode()))
    return crc.to_bytes(_CHECKSUM_BYTES, "little")
