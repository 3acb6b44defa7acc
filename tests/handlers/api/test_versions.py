"""Tests versions of the code: saving, reading, listing, the live document, automatic versions."""

import asyncio

import pytest

from tests.api import Api
from tests.handlers.clients import RFC3339, UNKNOWN_ID, code_of, typing_frame, walk
from tests.waiting import until

MIB = 1 << 20
FORBIDDEN_FIELDS = [
    "version",
    "author",
    "kind",
    "files",
    "sequence",
    "_id",
    "ownerId",
    "role",
    "sessionId",
    "$set",
]
FIELDS = {
    "sessionId", "version", "code", "files", "names", "documents", "label", "kind", "author",
    "contributors", "sequence", "createdAt",
}  # fmt: skip


async def versions(api: Api, session_id: str, query: str = "") -> list[dict]:
    return (await api.get(f"/code/{session_id}/versions{query}")).body["versions"]


# -- saving ---------------------------------------------------------------------------------------


async def test_save_without_change_returns_same_version(ada: Api) -> None:
    """A save is answered with 201 and the version.

    A save without a change is answered with 200 and the earlier version.
    """
    session_id = await ada.new_session(code="print(1)\n")

    first = await ada.post(f"/code/{session_id}/save")
    second = await ada.post(f"/code/{session_id}/save")

    assert (first.status, second.status) == (201, 200)
    body = first.body
    assert set(body) == FIELDS
    assert (body["sessionId"], body["version"], body["code"]) == (session_id, 1, "print(1)\n")
    assert body["files"] == {"codemirror": "print(1)\n"}
    assert (body["label"], body["kind"]) == ("", "manual")
    assert body["author"] == {"id": ada.user["id"], "username": "ada"}
    assert body["contributors"] == [{"id": ada.user["id"], "username": "ada"}]
    assert body["sequence"] >= 1
    assert RFC3339.fullmatch(body["createdAt"])
    assert second.body == body
    assert (await ada.get(f"/code/{session_id}/latest")).body == body
    assert (await ada.get(f"/code/{session_id}/versions/1")).body == body
    assert (await ada.get(f"/code/{session_id}/versions")).body == {
        "versions": [body],
        "next": None,
    }


async def test_save_with_code_replaces_text_and_makes_version(ada: Api, bob: Api) -> None:
    """Posted code replaces the document's text and makes a version.

    Its author is the user who posted it.
    """
    session_id = await ada.new_session(code="one")
    await bob.post(f"/session/{session_id}/join")

    first = await bob.post(f"/code/{session_id}/save", {"code": "two"})
    same = await ada.post(f"/code/{session_id}/save", {"code": "two"})
    back = await ada.post(f"/code/{session_id}/save", {"code": "one"})
    empty = await ada.post(f"/code/{session_id}/save", {"code": ""})

    answers = (first, same, back, empty)
    assert [(answer.status, answer.body["version"], answer.body["code"]) for answer in answers] == [
        (201, 1, "two"), (200, 1, "two"), (201, 2, "one"), (201, 3, ""),
    ]  # fmt: skip
    assert first.body["author"] == {"id": bob.user["id"], "username": "bob"}
    assert [person["username"] for person in back.body["contributors"]] == ["ada"]
    assert (await ada.live(session_id))["code"] == ""


async def test_save_of_empty_session_makes_version(ada: Api) -> None:
    """A save of a session without text makes a version too."""
    session_id = await ada.new_session()

    answer = await ada.post(f"/code/{session_id}/save")

    assert (answer.status, answer.body["version"], answer.body["code"]) == (201, 1, "")
    assert answer.body["contributors"] == []


@pytest.mark.parametrize("label", ["", "x" * 120, "Before the refactoring 🎉", "<b>bold</b>"])
async def test_save_with_label_up_to_120_characters_keeps_it(ada: Api, label: str) -> None:
    """A label of up to 120 characters is returned with the version and in the list."""
    session_id = await ada.new_session()

    answer = await ada.post(f"/code/{session_id}/save", {"label": label})

    assert (answer.status, answer.body["label"]) == (201, label)
    assert [version["label"] for version in await versions(ada, session_id, "?fields=meta")] == [
        label
    ]


@pytest.mark.parametrize(
    "label", ["x" * 121, "two\nlines", "\u202etxet", "nul\0", None, 5, ["x"], {"$ne": None}]
)
async def test_save_with_bad_label_is_refused_and_changes_nothing(ada: Api, label: object) -> None:
    """The answer names `label`. Nothing is saved, not even valid code of the same request."""
    session_id = await ada.new_session(code="old")

    answer = await ada.post(f"/code/{session_id}/save", {"code": "new", "label": label})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["label"]
    assert await versions(ada, session_id) == []
    assert (await ada.live(session_id))["code"] == "old"


@pytest.mark.parametrize("field", FORBIDDEN_FIELDS)
async def test_save_with_unknown_field_is_refused(ada: Api, field: str) -> None:
    """A client cannot set the number, author or kind of a version."""
    session_id = await ada.new_session()

    answer = await ada.post(f"/code/{session_id}/save", {"code": "x", field: 7})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == [field]
    assert await versions(ada, session_id) == []


@pytest.mark.parametrize(
    "code",
    ["a\r\nb\r\n", "a\rb\nc\r\n\n", "😀👩‍👩‍👧🏳️‍🌈", "\ufeffbom", "\u2028\u2029\x85\x0b\x0c",
     "cafe\u0301 ≠ café",
     "\u202erlo", "\x01\x1b[0m\x7f", "  trailing  \n\n", "\t", "\ufffd\uffff\U0010ffff",
     "'; DROP TABLE versions; --", "{{ x }}"],
)  # fmt: skip
async def test_save_keeps_every_character_of_code(ada: Api, code: str) -> None:
    """Line ends, spaces, accents and emoji are never changed when code is saved or read."""
    session_id = await ada.new_session(code=code)
    assert (await ada.live(session_id))["code"] == code
    other_id = await ada.new_session(code="x😀y\r\n")

    saved = await ada.post(f"/code/{other_id}/save", {"code": code})
    assert (saved.status, saved.body["code"]) == (201, code)

    for path in ("latest", "latest?live=true", "versions/1"):
        answer = await ada.get(f"/code/{other_id}/{path}")
        assert (answer.body["code"], answer.body["files"]) == (code, {"codemirror": code})


@pytest.mark.parametrize(
    "code", ["a" * MIB, "😀" * (MIB // 4), "\u0001" * MIB, "line of code\n" * (MIB // 13)]
)
async def test_save_accepts_code_of_1_mib(ada: Api, code: str) -> None:
    """The limit of code counts bytes of UTF-8. The size of the JSON does not matter."""
    session_id = await ada.new_session()

    answer = await ada.post(f"/code/{session_id}/save", {"code": code})

    assert (answer.status, answer.body["code"]) == (201, code)
    assert (await ada.live(session_id))["code"] == code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("small", "a" * MIB),
        ("a" * MIB, "a" * (MIB - 1) + "b"),
        ("a" * MIB, "b" * MIB),
        ("a" * (MIB * 6 // 10), "b" * (MIB * 6 // 10)),
        ("line of code\n" * (MIB // 13), "\tline of code\n" * (MIB // 14)),
    ],
    ids=[
        "small to full",
        "a text of one character replaces a full one",
        "full by full",
        "600 KiB by 600 KiB",
        "indented",
    ],
)
async def test_save_does_not_count_replaced_text_against_limit(
    ada: Api, before: str, after: str
) -> None:
    """Only the resulting document counts against its limit of 1 MiB, not the replaced text."""
    session_id = await ada.new_session(code=before)

    answer = await ada.post(f"/code/{session_id}/save", {"code": after})

    assert (answer.status, answer.body["code"]) == (201, after)


@pytest.mark.parametrize(
    "code", ["a" * (MIB + 1), "é" * (MIB // 2) + "a", "nul\0", None, 5, True, ["x"], {"$ne": None}]
)
async def test_save_with_bad_code_is_refused_and_changes_nothing(ada: Api, code: object) -> None:
    """Code is refused if it is over the limit, has a NUL or is no text.

    The answer names `code`, and the document does not change.
    """
    session_id = await ada.new_session(code="old")

    answer = await ada.post(f"/code/{session_id}/save", {"code": code})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["code"]
    assert (await ada.live(session_id))["code"] == "old"
    assert await versions(ada, session_id) == []


async def test_simultaneous_saves_are_numbered_without_gaps(crowd: None, ada: Api) -> None:
    """Each of 50 simultaneous saves of different code makes a version.

    Their numbers are 1 to 50.
    """
    session_id = await ada.new_session()
    codes = [f"version {number} 😀\n" for number in range(50)]

    answers = await asyncio.gather(
        *(ada.post(f"/code/{session_id}/save", {"code": code}) for code in codes)
    )

    assert {answer.status for answer in answers} == {201}
    assert [answer.body["code"] for answer in answers] == codes
    assert sorted(answer.body["version"] for answer in answers) == list(range(1, 51))
    stored = await versions(ada, session_id, "?limit=200")
    assert [version["version"] for version in stored] == list(range(50, 0, -1))
    sequences = [version["sequence"] for version in stored]
    assert sequences == sorted(sequences, reverse=True), "numbers and log positions disagree"
    assert (await ada.live(session_id))["code"] == stored[0]["code"]


async def test_simultaneous_saves_of_same_code_make_one_version(crowd: None, ada: Api) -> None:
    """Simultaneous saves of the same code make one version: one 201, and 200 for the others."""
    session_id = await ada.new_session(code="x")

    answers = await asyncio.gather(*(ada.post(f"/code/{session_id}/save") for _ in range(50)))

    assert sorted(answer.status for answer in answers) == [200] * 49 + [201]
    assert {answer.body["version"] for answer in answers} == {1}


async def test_save_by_viewer_is_refused(ada: Api, bob: Api) -> None:
    """A viewer's save is refused with the role as the reason, and the document does not change."""
    session_id = await ada.new_session(joinRole="viewer", code="ada's")
    await bob.post(f"/session/{session_id}/join")

    for body in ({}, {"code": "bob's"}, {"label": "mine"}):
        answer = await bob.post(f"/code/{session_id}/save", body)
        assert code_of(answer) == (403, "forbidden")
        assert "viewer" in answer.body["message"]

    assert (await bob.live(session_id))["code"] == "ada's"
    assert await versions(bob, session_id) == []


@pytest.mark.parametrize("what", ["ended", "made viewer", "removed", "deleted"])
async def test_save_waiting_when_right_to_save_ends_is_refused(
    server, ada: Api, bob: Api, what: str, monkeypatch
) -> None:
    """A save that waits for its room is refused if the right to save ends meanwhile.

    Nothing changes.
    """
    session_id = await ada.new_session(code="old")
    await bob.post(f"/session/{session_id}/join")
    member = f"/session/{session_id}/members/{bob.user['id']}"
    service = server.parts.services.versions
    save = service.save

    async def save_late(*arguments, **options):
        monkeypatch.setattr(service, "save", save)
        if what == "ended":
            assert (await ada.patch(f"/session/{session_id}", {"status": "ended"})).status == 200
        elif what == "made viewer":
            assert (await ada.patch(member, {"role": "viewer"})).status == 200
        else:
            path = member if what == "removed" else f"/session/{session_id}"
            assert (await ada.delete(path)).status == 204
        return await save(*arguments, **options)

    monkeypatch.setattr(service, "save", save_late)

    answer = await bob.post(f"/code/{session_id}/save", {"code": "new"})

    expected = {
        "ended": (409, "session_ended"), "made viewer": (403, "forbidden"),
        "removed": (404, "not_found"),
        "deleted": (404, "not_found"),
    }  # fmt: skip
    assert code_of(answer) == expected[what]
    if what != "deleted":
        assert (await ada.live(session_id))["code"] == "old"
        assert [version["kind"] for version in await versions(ada, session_id)] == (
            ["final"] if what == "ended" else []
        )


async def test_save_over_version_limit_is_refused(start_server) -> None:
    """A save over the limit of versions is refused. A save without a change still succeeds.

    Existing versions can be read.
    """
    server = await start_server(versions=2)
    ada = await Api(server.url).sign_up("ada")
    session_id = await ada.new_session()

    answers = [
        await ada.post(f"/code/{session_id}/save", {"code": code}) for code in ("1", "2", "3")
    ]

    assert [answer.status for answer in answers] == [201, 201, 409]
    assert code_of(answers[2]) == (409, "limit_reached")
    assert [version["version"] for version in await versions(ada, session_id)] == [2, 1]
    assert (await ada.post(f"/code/{session_id}/save", {"code": "2"})).status == 200


async def test_versions_and_live_document_survive_restart(start_server) -> None:
    """A version that was answered with 201, and the live document, are kept across a restart."""
    first = await start_server()
    ada = await Api(first.url).sign_up("ada")
    session_id = await ada.new_session(code="first 😀\r\n")
    saved = (
        await ada.post(f"/code/{session_id}/save", {"code": "second 👍\r\n", "label": "kept"})
    ).body
    await first.stop()

    second = await start_server()

    again = Api(second.url, ada.token)
    assert (await again.get(f"/code/{session_id}/latest")).body == saved
    live = await again.live(session_id)
    assert (live["version"], live["code"]) == (1, "second 👍\r\n")
    assert (await again.post(f"/code/{session_id}/save")).status == 200


# -- reading --------------------------------------------------------------------------------------


async def test_latest_version_of_unsaved_session_is_not_found(ada: Api) -> None:
    """Without a version, `latest` is 404 with a reason and the list is empty.

    The live document can be read.
    """
    session_id = await ada.new_session(code="x")

    latest = await ada.get(f"/code/{session_id}/latest")

    assert code_of(latest) == (404, "not_found")
    assert "saved" in latest.body["message"]
    assert (await ada.get(f"/code/{session_id}/versions")).body == {"versions": [], "next": None}
    assert (await ada.live(session_id))["version"] is None


async def test_live_document_has_version_number_only_while_unchanged(ada: Api) -> None:
    """`version` of the live document is the newest number, or null if the text has changed since.

    The newest version itself does not change.
    """
    session_id = await ada.new_session(code="x")
    await ada.post(f"/code/{session_id}/save")
    saved = await ada.live(session_id)

    wire = await ada.connect(session_id)
    await wire.send(typing_frame("unsaved "))
    changed = await until(lambda: ada.live(session_id), lambda live: "unsaved" in live["code"])

    assert (saved["sessionId"], saved["version"], saved["code"], saved["files"]) == (
        session_id, 1, "x", {"codemirror": "x"},
    )  # fmt: skip
    assert RFC3339.fullmatch(saved["createdAt"])
    assert changed["version"] is None
    assert changed["sequence"] > saved["sequence"]
    assert (await ada.get(f"/code/{session_id}/latest")).body["code"] == "x"
    assert (await ada.get(f"/code/{session_id}/latest?live=false")).body["code"] == "x"
    resaved = await ada.post(f"/code/{session_id}/save")
    assert (resaved.status, resaved.body["version"], resaved.body["code"]) == (
        201,
        2,
        changed["code"],
    )


@pytest.mark.parametrize(
    "number", ["0", "2", "99999999999", "9" * 400, "-1", "1.5", "one", "1%00", "１", "latest"]
)
async def test_unknown_version_number_is_not_found(ada: Api, number: str) -> None:
    """An unknown or malformed version number is not found."""
    session_id = await ada.new_session()
    await ada.post(f"/code/{session_id}/save")

    assert code_of(await ada.get(f"/code/{session_id}/versions/{number}")) == (404, "not_found")


async def test_version_pages_lead_from_newest_to_oldest(ada: Api) -> None:
    """Versions are listed from newest to oldest, each once. `fields=meta` omits only the texts."""
    session_id = await ada.new_session()
    for number in range(7):
        await ada.post(
            f"/code/{session_id}/save", {"code": f"{number}", "label": f"label {number}"}
        )

    pages = await walk(ada, f"/code/{session_id}/versions?limit=3", "versions")
    meta = await walk(ada, f"/code/{session_id}/versions?limit=3&fields=meta", "versions")

    assert [[version["version"] for version in page] for page in pages] == [
        [7, 6, 5],
        [4, 3, 2],
        [1],
    ]
    listed = [version for page in pages for version in page]
    assert [version["code"] for version in listed] == ["6", "5", "4", "3", "2", "1", "0"]
    assert {frozenset(version) for version in listed} == {frozenset(FIELDS)}
    without = [
        {key: version[key] for key in FIELDS - {"code", "files", "names", "documents"}}
        for version in listed
    ]
    assert [version for page in meta for version in page] == without
    assert [
        len(page) for page in await walk(ada, f"/code/{session_id}/versions?limit=7", "versions")
    ] == [7]


async def test_page_of_large_versions_ends_early(ada: Api) -> None:
    """A page of versions ends when its texts reach 4 MiB, and `next` leads to the others."""
    session_id = await ada.new_session()
    for letter in "abcdef":
        assert (await ada.post(f"/code/{session_id}/save", {"code": letter * MIB})).status == 201

    pages = await walk(ada, f"/code/{session_id}/versions?limit=200", "versions")
    meta = await walk(ada, f"/code/{session_id}/versions?limit=200&fields=meta", "versions")

    assert [[version["code"][0] for version in page] for page in pages] == [
        ["f", "e", "d", "c"],
        ["b", "a"],
    ]
    assert [len(page) for page in meta] == [6]


async def test_large_answer_is_whole(ada: Api) -> None:
    """A large answer that is sent in pieces is valid JSON with the whole text.

    Some of its characters take six characters each in JSON.
    """
    text = "\x01\u2028é" * (MIB // 8)
    session_id = await ada.new_session(code=text)
    live = await ada.get(f"/code/{session_id}/latest?live=true")
    await ada.post(f"/code/{session_id}/save")
    # `HEAD` is compared for a version, because the live document contains the request's time.
    whole = await ada.get(f"/code/{session_id}/versions/1")
    head = await ada.request("HEAD", f"/code/{session_id}/versions/1")

    assert (live.status, live.body["code"], live.body["files"]) == (200, text, {"codemirror": text})
    assert live.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert whole.body["code"] == text
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


@pytest.mark.parametrize("fields", ["all", "META", "code,files", "meta,code"])
async def test_version_list_with_unknown_fields_value_is_refused(ada: Api, fields: str) -> None:
    """`meta` is the only accepted value of `fields`."""
    answer = await ada.get(f"/code/{await ada.new_session()}/versions?fields={fields}")

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["fields"]


async def test_version_routes_of_unknown_session_are_not_found(ada: Api) -> None:
    """Every version route of an unknown session is answered with 404."""
    for path in ("latest", "latest?live=true", "files", "versions", "versions/1"):
        assert code_of(await ada.get(f"/code/{UNKNOWN_ID}/{path}")) == (404, "not_found")
    assert code_of(await ada.post(f"/code/{UNKNOWN_ID}/save", {"code": "x"})) == (404, "not_found")


# -- automatic versions ---------------------------------------------------------------------------


async def test_automatic_version_after_pause_names_all_authors(start_server) -> None:
    """An automatic version names all users who typed. A save after it changes nothing."""
    server = await start_server(auto_version_pause_s=1)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    session_id = await ada.new_session()
    ada_wire, bob_wire = await ada.connect(session_id), await bob.connect(session_id)
    await ada_wire.send(typing_frame("by ada "))
    await bob_wire.send(typing_frame("by bob "))

    (version,) = await until(lambda: versions(ada, session_id), lambda stored: len(stored) > 0)

    assert set(version) == FIELDS
    assert (version["version"], version["kind"], version["label"]) == (1, "auto", "")
    assert sorted(version["code"].split()) == ["ada", "bob", "by", "by"]
    people = [
        {"id": api.user["id"], "username": name} for api, name in ((ada, "ada"), (bob, "bob"))
    ]
    assert sorted(version["contributors"], key=lambda person: person["username"]) == people
    assert version["author"] in people
    assert (await ada.live(session_id))["version"] == 1
    assert (await ada.post(f"/code/{session_id}/save")).status == 200


async def test_automatic_version_during_typing_names_recent_authors(start_server) -> None:
    """Typing without a pause also makes automatic versions.

    Each names only the users who typed since the version before it.
    """
    server = await start_server(auto_version_pause_s=3_600, auto_version_s=0.3)
    ada = await Api(server.url).sign_up("ada")
    bob = await ada.sign_up("bob")
    session_id = await ada.new_session()
    ada_wire, bob_wire = await ada.connect(session_id), await bob.connect(session_id)
    await ada_wire.send(typing_frame("first "))
    await until(lambda: versions(ada, session_id), lambda stored: len(stored) == 1)
    await bob_wire.send(typing_frame("second "))

    newest, oldest = await until(lambda: versions(ada, session_id), lambda stored: len(stored) == 2)

    assert [person["username"] for person in oldest["contributors"]] == ["ada"]
    assert [person["username"] for person in newest["contributors"]] == ["bob"]
    assert (newest["kind"], newest["author"]["username"]) == ("auto", "bob")


async def test_automatic_version_without_edit_is_not_made(start_server) -> None:
    """Reading and saving by hand make no automatic versions."""
    server = await start_server(auto_version_pause_s=0.05, idle_s=0.2)
    ada = await Api(server.url).sign_up("ada")
    quiet, typed = await ada.new_session(), await ada.new_session()
    await ada.live(quiet)
    await ada.post(f"/code/{quiet}/save", {"code": "x"})
    wire = await ada.connect(typed)
    await wire.send(typing_frame("typed"))

    await until(
        lambda: versions(ada, typed),
        lambda stored: [version["kind"] for version in stored] == ["auto"],
    )

    assert [version["kind"] for version in await versions(ada, quiet)] == ["manual"]


async def test_version_contributors_show_current_names_after_leaving(ada: Api, bob: Api) -> None:
    """Old versions show a user's new name, even after the user left the session."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    await bob.post(f"/code/{session_id}/save", {"code": "bob's"})
    await bob.patch("/user/me", {"username": "robert"})
    await bob.post(f"/session/{session_id}/leave")

    version = (await ada.get(f"/code/{session_id}/latest")).body

    assert version["author"] == {"id": bob.user["id"], "username": "robert"}
    assert version["contributors"] == [{"id": bob.user["id"], "username": "robert"}]
