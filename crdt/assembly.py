"""Puts rooms and their history together. No other module knows which part needs which."""

from dataclasses import dataclass

from crdt.changing.text_changes import TextChanges
from crdt.changing.whole_texts import WholeTexts
from crdt.history.cache import HistoryCache
from crdt.history.program_tests.rules import ProgramTests
from crdt.history.reader import HistoryReader
from crdt.history.redactor import Redactor
from crdt.history.runs import Runs
from crdt.history.version_writer import VersionSettings, VersionWriter
from crdt.history.versions import Versions
from crdt.lifecycle.changes import Changes
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.lifecycle.log_writer import LogWriter
from crdt.lifecycle.rooms import Rooms
from crdt.limits import RoomsSettings
from storage.base import Store


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts that handlers use, and the only writer of versions.

    A second writer would have its own locks. Then an older text could be stored as the newer
    version.
    """

    rooms: Rooms
    versions: Versions
    version_writer: VersionWriter
    history_reader: HistoryReader
    redactor: Redactor
    runs: Runs
    program_tests: ProgramTests
    text_changes: TextChanges


def assemble(
    store: Store,
    settings: RoomsSettings,
    version_settings: VersionSettings,
    environment: Environment,
) -> Assembly:
    """Build all parts on an open store. `Rooms.start` and `Rooms.drain` start and stop them."""
    # Parts that several other parts use are made first.
    loaded = LoadedRooms()
    writer = LogWriter(store, settings, environment.clock, loaded)
    version_writer = VersionWriter(store, writer, environment, version_settings)
    cache = HistoryCache()
    changes = Changes(loaded, writer, cache)
    rooms = Rooms(store, settings, environment, loaded, writer, version_writer, changes)
    whole_texts = WholeTexts(environment.workers, changes, environment.clock, rooms.steps)
    history_reader = HistoryReader(store, rooms, cache, environment)
    program_tests = ProgramTests(
        store, rooms.storage_quota, environment.limit_counters, settings.tests
    )
    return Assembly(
        rooms=rooms,
        versions=Versions(store, rooms, version_writer, whole_texts, environment.workers),
        version_writer=version_writer,
        history_reader=history_reader,
        redactor=Redactor(store, rooms, program_tests, cache, environment.workers),
        runs=Runs(store, rooms, settings.runs),
        program_tests=program_tests,
        text_changes=TextChanges(
            environment.workers,
            environment.clock,
            environment.cpu_s,
            rooms.steps,
            settings.room.text_bytes,
        ),
    )
