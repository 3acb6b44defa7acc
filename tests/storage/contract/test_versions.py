"""Tests of `RoomStore` on every store: versions, and which of them are kept."""

import asyncio
from dataclasses import replace
from types import MappingProxyType

import pytest

from storage.base import Store
from storage.errors import LimitReached, NotFound
from storage.records import VersionKind
from tests.storage.rows import (
    MANY,
    NOW,
    Seed,
    odd_text,
    session,
    version,
)


class TestVersions:
    async def test_version_number_is_given_by_store(self, store: Store, seed: Seed) -> None:
        """Numbers count from 1, and the caller's number is ignored."""
        await seed.session()

        first = await store.add_version(version("1", number=77), MANY)
        second = await store.add_version(version("2", kind=VersionKind.FINAL), MANY)

        assert first == (version("1", number=1), True)
        assert second == (version("2", number=2, kind=VersionKind.FINAL), True)

    async def test_version_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """A version comes back with every field and its type."""
        await seed.session()
        files = {"code": "a", "b/ü.py": "", "": "c"}
        given = version(
            files=files, sequence=0, kind=VersionKind.RESTORE, label="", contributors=()
        )

        added, _ = await store.add_version(given, MANY)

        stored_version = await store.version("s1", 1)
        assert added == replace(given, number=1)
        assert stored_version == added
        assert stored_version is not None
        assert stored_version.kind is VersionKind.RESTORE
        assert stored_version.contributors == ()
        assert await store.newest_version("s1") == added

    async def test_version_keeps_documents_that_are_no_texts(
        self, store: Store, seed: Seed
    ) -> None:
        """Documents are kept as JSON, even large ones. A difference in them is a new version."""
        await seed.session()
        tree = {
            "type": "map",
            "value": {"a.py": "print", "n": [1, None, 0.5, "x" * 300_000]},
            "leftOut": None,
        }
        given = version(
            documents={"tree": tree, "": {"type": "xml", "value": "<p>é</p>", "leftOut": None}}
        )

        await store.add_version(version(), MANY)
        added, is_new = await store.add_version(given, MANY)

        assert is_new
        assert await store.newest_version("s1") == added == replace(given, number=2)
        assert await store.add_version(given, MANY) == (added, False)
        assert [
            version.documents
            for version in await store.versions("s1", None, MANY, with_files=False)
        ] == [{}, {}]

        await store.redact_version(replace(added, documents={"tree": {**tree, "value": {}}}))

        stored_version = await store.version("s1", 2)
        assert stored_version is not None
        assert stored_version.documents == {"tree": {**tree, "value": {}}}

    async def test_version_contributors_keep_their_order(self, store: Store, seed: Seed) -> None:
        """The contributors come back as a tuple, in their order."""
        await seed.session()

        await store.add_version(version(contributors=("u-c", "u-a", "u-b")), MANY)

        row = await store.newest_version("s1")
        assert row is not None
        assert row.contributors == ("u-c", "u-a", "u-b")

    async def test_version_files_may_be_any_mapping(self, store: Store, seed: Seed) -> None:
        """A read-only view is accepted, because the record asks only for a Mapping."""
        await seed.session()

        added, is_new = await store.add_version(
            version(files=MappingProxyType({"code": "a"})), MANY
        )

        assert is_new
        assert dict(added.files or {}) == {"code": "a"}
        assert await store.version("s1", 1) == version("a", number=1)

    async def test_version_numbers_of_fifty_concurrent_versions_have_no_gaps(
        self, store: Store, seed: Seed
    ) -> None:
        """Numbers have no gaps or duplicates, and each call returns its version's number."""
        await seed.session()

        results = await asyncio.gather(
            *(store.add_version(version(f"code {n}"), MANY) for n in range(50))
        )

        assert all(is_new for _, is_new in results)
        assert sorted(added.number for added, _ in results) == list(range(1, 51))
        stored = await store.versions("s1", None, MANY, with_files=True)
        assert stored == sorted(
            (added for added, _ in results), key=lambda version: -version.number
        )

    async def test_version_of_same_files_by_fifty_concurrent_calls_is_stored_once(
        self, store: Store, seed: Seed
    ) -> None:
        """One version is stored, and every call returns it."""
        await seed.session()

        results = await asyncio.gather(
            *(store.add_version(version(label=f"label {n}"), MANY) for n in range(50))
        )

        assert sum(is_new for _, is_new in results) == 1
        assert {added.label for added, _ in results} == {results[0][0].label}
        assert [added.number for added, _ in results] == [1] * 50

    async def test_version_of_same_files_returns_existing_version(
        self, store: Store, seed: Seed
    ) -> None:
        """The existing version is returned unchanged, even if the new one has other fields."""
        await seed.session()
        first, _ = await store.add_version(version("a", label="first"), MANY)

        again = await store.add_version(
            version("a", label="second", kind=VersionKind.AUTO, sequence=9), MANY
        )

        assert again == (first, False)
        assert await store.versions("s1", None, MANY, with_files=True) == [first]

    async def test_labelled_version_of_files_without_label_is_stored(
        self, store: Store, seed: Seed
    ) -> None:
        """A user's label is kept, although an automatic version has the same text already."""
        await seed.session()
        await store.add_version(version("a", label="", kind=VersionKind.AUTO), MANY)

        named, is_new = await store.add_version(version("a", label="before the talk"), MANY)

        assert (named.number, named.label, is_new) == (2, "before the talk", True)
        assert await store.add_version(version("a", label=""), MANY) == (named, False)

    async def test_version_of_same_files_in_other_order_returns_existing_version(
        self, store: Store, seed: Seed
    ) -> None:
        """The order of the files does not matter, because a mapping has no order."""
        await seed.session()
        await store.add_version(version(files={"a": "1", "b": "2"}), MANY)

        _, is_new = await store.add_version(version(files={"b": "2", "a": "1"}), MANY)

        assert not is_new

    @pytest.mark.parametrize(
        "files", [{"code": "b"}, {"code": "a", "x": ""}, {"other": "a"}, {"code": "a "}, {}]
    )
    async def test_version_of_different_files_is_stored(
        self, store: Store, seed: Seed, files: dict[str, str]
    ) -> None:
        """The smallest difference makes a new version."""
        await seed.session()
        await store.add_version(version("a"), MANY)

        added, is_new = await store.add_version(version(files=files), MANY)

        assert (added.number, is_new) == (2, True)

    async def test_version_of_composed_and_decomposed_characters_is_stored_as_different(
        self, store: Store, seed: Seed
    ) -> None:
        """Texts are compared as they are, without normalization."""
        await seed.session()
        await store.add_version(version("\u00e9"), MANY)

        _, is_new = await store.add_version(version("e\u0301"), MANY)

        assert is_new

    async def test_version_is_compared_with_newest_one_only(self, store: Store, seed: Seed) -> None:
        """A return to an older text makes a new version."""
        await seed.session()

        results = [await store.add_version(version(code), MANY) for code in ("a", "b", "a")]

        assert [(added.number, is_new) for added, is_new in results] == [
            (1, True),
            (2, True),
            (3, True),
        ]

    async def test_version_of_same_files_in_other_session_is_stored(
        self, store: Store, seed: Seed
    ) -> None:
        """A version is not compared with the versions of another session."""
        await seed.session("s1")
        await seed.session("s2")
        await store.add_version(version("a", "s1"), MANY)

        added, is_new = await store.add_version(version("a", "s2"), MANY)

        assert (added.session_id, added.number, is_new) == ("s2", 1, True)

    async def test_version_beyond_limit_is_refused(self, store: Store, seed: Seed) -> None:
        """No version is added above the limit, but the newest version's files can be sent again."""
        await seed.session()
        await store.add_version(version("a"), 2)
        newest, _ = await store.add_version(version("b"), 2)

        with pytest.raises(LimitReached):
            await store.add_version(version("c"), 2)

        assert await store.add_version(version("b"), 2) == (newest, False)
        assert await store.newest_version("s1") == newest
        stored_session = await store.session("s1")
        assert stored_session == session(excerpt="b")

    async def test_version_of_unknown_session_is_refused_or_not_found(self, store: Store) -> None:
        """An unknown session refuses a version, and has no versions."""
        with pytest.raises(NotFound):
            await store.add_version(version(), MANY)

        assert await store.version("s1", 1) is None
        assert await store.newest_version("s1") is None
        assert await store.versions("s1", None, MANY, with_files=True) == []

    async def test_version_is_found_by_number_or_none(self, store: Store, seed: Seed) -> None:
        """A version is found by its number, and an unknown number gives None."""
        await seed.session()
        for code in ("a", "b", "c"):
            await store.add_version(version(code), MANY)

        assert await store.version("s1", 2) == version("b", number=2)
        assert await store.version("s1", 0) is None
        assert await store.version("s1", 4) is None
        assert await store.newest_version("s1") == version("c", number=3)

    async def test_newest_version_is_highest_number(self, store: Store, seed: Seed) -> None:
        """Version 11 is newer than version 10, even if its time is earlier."""
        await seed.session()
        for number in range(1, 12):
            await store.add_version(version(f"code {number}", created_at=NOW - number), MANY)

        newest = await store.newest_version("s1")

        assert newest is not None
        assert newest.number == 11

    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [
            (None, 3, [12, 11, 10]),
            (10, 3, [9, 8, 7]),
            (4, 10, [3, 2, 1]),
            (1, 3, []),
            (0, 3, []),
            (100, 2, [12, 11]),
            (None, 12, list(range(12, 0, -1))),
        ],
    )
    @pytest.mark.parametrize("with_files", [True, False])
    async def test_version_list_pages_newest_first(
        self,
        store: Store,
        seed: Seed,
        before: int | None,
        limit: int,
        expected: list[int],
        *,
        with_files: bool,
    ) -> None:
        """A page has the newest versions below `before`, newest first."""
        await seed.session()
        for number in range(1, 13):
            await store.add_version(version(f"code {number}"), MANY)

        versions = await store.versions("s1", before, limit, with_files=with_files)

        assert [version.number for version in versions] == expected

    async def test_version_list_without_files_has_none_for_files(
        self, store: Store, seed: Seed
    ) -> None:
        """The list has every field except the files, which are None."""
        await seed.session()
        for code in ("a", "b"):
            await store.add_version(version(code), MANY)

        described = await store.versions("s1", None, MANY, with_files=False)
        whole = await store.versions("s1", None, MANY, with_files=True)

        assert whole == [version("b", number=2), version("a", number=1)]
        assert described == [replace(version, files=None) for version in whole]

    @odd_text
    async def test_version_with_unusual_text_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Code, file names, labels and names come back character by character."""
        await seed.session()
        given = version(
            files={text: text, "code": text}, label=text, author_name=text, contributors=(text,)
        )

        added, _ = await store.add_version(given, MANY)

        assert await store.version("s1", 1) == added == replace(given, number=1)

    async def test_version_of_one_megabyte_is_not_cut(self, store: Store, seed: Seed) -> None:
        """A large text is not cut, and the same large text makes no new version."""
        await seed.session()
        large = {"code": "日" * (1 << 20), "b": "x" * (1 << 20)}

        added, _ = await store.add_version(version(files=large), MANY)

        assert await store.newest_version("s1") == added == version(files=large, number=1)
        assert await store.add_version(version(files=large), MANY) == (added, False)


class TestRetention:
    async def test_retention_at_limit_drops_oldest_automatic_version(
        self, store: Store, seed: Seed
    ) -> None:
        """At the limit, the oldest automatic version is deleted. Its number is not used again."""
        await seed.session()
        for number, kind in enumerate(["auto", "manual", "auto", "auto"]):
            await store.add_version(version(f"{number}", kind=VersionKind(kind)), 4)

        added, _ = await store.add_version(version("5", kind=VersionKind.MANUAL), 4)
        await store.add_version(version("6", kind=VersionKind.AUTO), 4)

        assert added.number == 5
        assert [
            version.number for version in await store.versions("s1", None, MANY, with_files=False)
        ] == [
            6,
            5,
            4,
            2,
        ]
        assert await store.count_versions("s1") == (4, 2)
        assert await store.version("s1", 1) is None

    async def test_retention_never_drops_versions_made_by_users(
        self, store: Store, seed: Seed
    ) -> None:
        """At the limit, no version can be added if there is no automatic version to delete."""
        await seed.session()
        for number, kind in enumerate(
            [VersionKind.MANUAL, VersionKind.RESTORE, VersionKind.FINAL, VersionKind.AUTO]
        ):
            await store.add_version(version(f"{number}", kind=kind), 4)
        await store.add_version(version("5"), 4)

        for kind in VersionKind:
            with pytest.raises(LimitReached):
                await store.add_version(version("6", kind=kind), 4)

        assert [
            version.number for version in await store.versions("s1", None, MANY, with_files=False)
        ] == [
            5,
            3,
            2,
            1,
        ]

    async def test_retention_keeps_automatic_versions_to_their_own_limit(
        self, store: Store, seed: Seed
    ) -> None:
        """The limit of automatic versions counts only automatic versions."""
        await seed.session()
        for number in range(6):
            await store.add_version(version(f"{number}", kind=VersionKind.AUTO), MANY, 2)
            await store.add_version(version(f"m{number}", kind=VersionKind.MANUAL), MANY, 2)

        versions = await store.versions("s1", None, MANY, with_files=False)

        assert [version.number for version in versions if version.kind is VersionKind.AUTO] == [
            11,
            9,
        ]
        assert await store.count_versions("s1") == (8, 2)
        assert await store.count_versions("s-none") == (0, 0)

    async def test_session_has_last_lines_of_its_newest_version(
        self, store: Store, seed: Seed
    ) -> None:
        """Lists have them too. Earlier and unknown versions do not change them."""
        await seed.session()
        assert [
            listing.session.excerpt for listing in await store.sessions_of("u-ada", None, MANY)
        ] == [""]

        first, _ = await store.add_version(version("def one():\n    return 1\n"), MANY)
        [listed] = await store.sessions_of("u-ada", None, MANY)
        assert listed.session.excerpt == "def one():\n    return 1"

        await store.add_version(version("two secrets"), MANY)
        await store.redact_version(replace(first, files={"code": "a ██████"}))
        await store.redact_version(replace(first, number=9))
        session = await store.session("s1")
        assert session is not None
        assert session.excerpt == "two secrets"

    async def test_redaction_of_newest_version_changes_last_lines(
        self, store: Store, seed: Seed
    ) -> None:
        """No list shows the text that was redacted. A damaged version has no lines."""
        await seed.session()
        newest, _ = await store.add_version(version("two secrets"), MANY)
        for files, shown in (({"code": "two ███████"}, "two ███████"), (None, "")):
            await store.redact_version(replace(newest, files=files))
            session = await store.session("s1")
            assert session is not None
            assert session.excerpt == shown

    async def test_redaction_replaces_texts_of_versions_only(
        self, store: Store, seed: Seed
    ) -> None:
        """Only the texts of a version are replaced, and an unknown version stays unknown."""
        await seed.session()
        first, _ = await store.add_version(version("a secret", label="kept"), MANY)
        second, _ = await store.add_version(version("other"), MANY)

        await store.redact_version(replace(first, files={"code": "a ██████"}, label="ignored"))
        await store.redact_version(replace(first, number=9))
        await store.scrub()

        assert await store.version("s1", 1) == replace(first, files={"code": "a ██████"})
        assert await store.version("s1", 2) == second
        assert await store.version("s1", 9) is None
