"""Tests of the fuzzer, with a small run (tests/fuzz/README.md).

`make fuzz` sends a million inputs.
"""

from typing import Any

import pytest

from crdt.wire import y_protocol
from tests.crdt.harness import Typist
from tests.fuzz import campaign, faults, sequences
from tests.fuzz.mutations import TAME
from tests.fuzz.reduce import reduced
from tests.fuzz.sequences import Sent

pytestmark = pytest.mark.timeout(900)
_COUNT = 50_000
_LEAST_TAKEN = {"honest": 0.6, "structure": 0.02}
"""The least share of inputs of each kind that the server must take, because refused inputs test
little."""


def typed() -> list[Sent]:
    """Return the frames of a typing user, and after them a frame that triggers a fault."""
    typist = Typist(5)
    frames = [y_protocol.sync_update(typist.insert(0, letter)) for letter in "abcdef"]
    return [Sent("ada", frame) for frame in (*frames, faults.TRIGGER)]


def test_fuzzer_with_fifty_thousand_inputs_finds_no_failure() -> None:
    """The process never dies, hangs or grows, every input is cheap, and real Yjs agrees."""
    report = campaign.run(_COUNT, "ci")

    assert not report.findings, "\n".join(str(reduced(finding)) for finding in report.findings[:3])
    assert report.total("sent") >= _COUNT
    for kind, share in _LEAST_TAKEN.items():
        assert report.counts[f"{kind}: taken"] >= share * report.counts[f"{kind}: sent"], (
            report.counts
        )
    assert report.counts["sensible rooms shown to Yjs"] >= 100
    assert report.counts["rooms damaged"] <= 0.01 * report.counts["rooms"]
    thrown = sum(count for key, count in report.counts.items() if key.endswith("an exception"))
    assert thrown <= 0.02 * report.counts["rooms"]
    assert all(report.counts[f"{kind}: sent"] for kind in TAME)


def test_fuzzer_corpus_of_real_clients_is_accepted() -> None:
    """All recorded inputs of stock editors are taken, and all clients see the same text.

    The recording of unusual inputs is left out.
    """
    recorded = {
        name: sequence for name, sequence in sequences.recorded().items() if name != "unusual"
    }

    report = campaign.play(recorded, compare=True)

    assert not report.findings
    assert {key for key in report.counts if key.startswith("played: ")} == {
        "played: sent",
        "played: taken",
        "played: same",
    }
    assert report.counts["sensible rooms shown to Yjs"] == len(recorded)


def test_fuzzer_inputs_that_failed_before_pass() -> None:
    """All hostile sequences, and all sequences that the fuzzer ever found, pass."""
    for is_text in (False, True):
        cases = {
            name: sequence
            for name, sequence in sequences.found().items()
            if ("text" in name) == is_text
        }
        known = [*cases.values(), *(() if is_text else sequences.hostile().values())]

        report = campaign.play(
            {str(number): sequence for number, sequence in enumerate(known)}, compare=is_text
        )

        assert not report.findings
        assert report.counts["rooms"] == len(known) > 0


@pytest.mark.parametrize("fault", ["death", "hang", "slow", "memory", "exception"])
def test_fuzzer_reports_server_that_dies_hangs_grows_or_raises(fault: str) -> None:
    """A server that dies, hangs, is slow, grows or raises is reported with the input sequence."""
    sequence = typed()

    findings = {
        finding.what: finding for finding in campaign.play({"typed": sequence}, fault).findings
    }

    finding = findings["ValueError" if fault == "exception" else fault]
    assert finding.name == "typed"
    assert finding.sequence == sequence


def test_fuzzer_reports_document_that_differs_from_yjs() -> None:
    """The test changes the data of a room in one place.

    The fuzzer reports that it differs from real Yjs.
    """
    typist = Typist(5)
    updates = [typist.insert(0, letter) for letter in "abc"]
    room: dict[str, Any] = {
        "updates": [update.hex() for update in updates],
        "states": [],
        "texts": {"codemirror": "cba"},
        "clocks": [[5, 3]],
    }
    spoiled: dict[str, dict[str, Any]] = {
        "an update": {"updates": [room["updates"][0], room["updates"][2]]},
        "text": {"texts": {"codemirror": "b"}},
    }
    spoiled |= {
        "a newcomer": {"states": [room["updates"][0]]},
        "a clock": {"clocks": [[5, 4]]},
        "junk": {"updates": ["ff"]},
    }

    assert list(campaign.problems([room])) == []
    problems = [
        problem.partition(":")[0]
        for _, problem in campaign.problems([{**room, **entry} for entry in spoiled.values()])
    ]

    assert problems == [
        "Yjs has something pending", "Yjs has another text", "a newcomer has another clock",
        "Yjs has another clock",
        "Yjs has an exception",
    ]  # fmt: skip
