"""Tests of the program of a worker process: its messages and its answers.

The tests of `crdt.workers` also test the process itself.
"""

import pickle
from typing import Any

import pytest

from crdt.processes.worker_process import LENGTH_BYTES, answer, message
from tests.crdt import work


def read(sent: bytes) -> Any:
    assert int.from_bytes(sent[:LENGTH_BYTES], "big") == len(sent) - LENGTH_BYTES
    return pickle.loads(sent[LENGTH_BYTES:])


def test_message_is_length_and_pickled_value() -> None:
    assert read(message(("x", 1))) == ("x", 1)


def test_answer_of_function_that_returns_is_its_result() -> None:
    assert read(answer(pickle.dumps((work.add, (2, 3))))) == (True, 5)


def test_answer_of_function_that_raises_is_its_exception() -> None:
    """An exception that pickle cannot transfer becomes an exception that describes it."""
    is_done, error = read(answer(pickle.dumps((work.fail_portably, ()))))
    assert (is_done, type(error), str(error)) == (False, ValueError, "bad")
    is_done, error = read(answer(pickle.dumps((work.fail_unportably, ()))))
    assert (is_done, type(error), str(error)) == (False, RuntimeError, "Unportable: quite bad")


@pytest.mark.parametrize("job", [b"", b"nonsense", pickle.dumps((work.add, (1,)))])
def test_answer_of_unusable_job_is_an_exception(job: bytes) -> None:
    is_done, error = read(answer(job))
    assert not is_done
    assert isinstance(error, Exception)
