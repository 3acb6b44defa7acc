"""Tests the chat: sending and reading messages, their order, and pages."""

import asyncio

import pytest

from tests.api import Api
from tests.handlers.clients import RFC3339, UNKNOWN_ID, code_of, walk

FORBIDDEN_FIELDS = [
    "sender",
    "senderId",
    "userId",
    "id",
    "_id",
    "timestamp",
    "role",
    "ownerId",
    "$set",
]


async def texts(api: Api, session_id: str) -> list[str]:
    return [
        message["message"] for message in (await api.get(f"/chat/{session_id}")).body["messages"]
    ]


async def test_message_is_sent_and_read_by_all_members(ada: Api, bob: Api) -> None:
    """The answer is the new message, and all members read the same message."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": "hello"})

    assert answer.status == 201
    assert set(answer.body) == {"id", "sessionId", "sequence", "sender", "message", "timestamp"}
    assert answer.body["sequence"] == 1
    assert answer.body["id"]
    assert answer.body["sessionId"] == session_id
    assert answer.body["sender"] == {
        "id": ada.user["id"],
        "username": "ada",
        "avatar": None,
        "guest": False,
    }
    assert answer.body["message"] == "hello"
    assert RFC3339.fullmatch(answer.body["timestamp"])
    for api in (ada, bob):
        read = await api.get(f"/chat/{session_id}")
        assert (read.status, read.body) == (200, {"messages": [answer.body], "next": None})


async def test_new_chat_is_empty_list(ada: Api) -> None:
    """A chat without messages is an empty list, not an error."""
    answer = await ada.get(f"/chat/{await ada.new_session()}")

    assert (answer.status, answer.body) == (200, {"messages": [], "next": None})


async def test_message_sender_is_caller_under_current_name(ada: Api, bob: Api) -> None:
    """The sender of a message is the caller. A field that names another sender is refused.

    Old messages also show the sender's new name.
    """
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    for field in FORBIDDEN_FIELDS:
        body = {"sessionId": session_id, "message": "I am ada", field: ada.user["id"]}
        answer = await bob.post("/chat/send", body)
        assert code_of(answer) == (422, "invalid")
        assert list(answer.body["errors"]) == [field]

    await bob.post("/chat/send", {"sessionId": session_id, "message": "I am bob"})
    await bob.patch("/user/me", {"username": "robert"})

    (message,) = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert message["sender"] == {
        "id": bob.user["id"],
        "username": "robert",
        "avatar": None,
        "guest": False,
    }


@pytest.mark.parametrize(
    "message",
    ["x", "a" * 4000, "😀" * 4000, "two\nlines\n\tindented", "<script>alert(1)</script>",
     '{"$ne": null}', "日本語 ñ é",
     "👩‍👩‍👧 family", "O'Brien; DROP TABLE messages; --", "%s {0} \\n"],
)  # fmt: skip
async def test_message_up_to_4000_characters_is_unchanged(ada: Api, message: str) -> None:
    """A message of up to 4000 printable characters is stored unchanged."""
    session_id = await ada.new_session()

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": message})

    assert (answer.status, answer.body["message"]) == (201, message)
    assert await texts(ada, session_id) == [message]


@pytest.mark.parametrize(
    "message",
    ["", "   ", "\n\t", "a" * 4001, "😀" * 4001, "nul\0", "bell\a", "\u202e", "\x1b[2J",
     "\ufeff\u200b", None, 5, True,
     ["x"], {"$ne": None}],
)  # fmt: skip
async def test_message_with_bad_text_is_refused(ada: Api, message: object) -> None:
    """A message is refused if it is not text, invisible, too long or has control characters."""
    session_id = await ada.new_session()

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": message})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["message"]
    assert await texts(ada, session_id) == []


async def test_message_text_is_composed_to_nfc(ada: Api) -> None:
    """Chat messages, like names and titles, are stored in one spelling (NFC) for searches."""
    session_id = await ada.new_session()

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": "cafe\u0301"})

    assert answer.body["message"] == "café"


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("שלום\u200f! \u200eabc \u061cا", "שלום\u200f! \u200eabc \u061cا"),
        ("\u2067שלום\u2069 ok", "\u2067שלום\u2069 ok"),
        ("\u202aC:\\Users\\ada", "C:\\Users\\ada"),
        ("\u202etxet", "txet"),
        ("word\vbreak\fpage\rold Mac\u2028line", "word\nbreak\npage\nold Mac\nline"),
        ("\x1b[1;31merror:\x1b[0m \x1b]0;title\x07no \x1b(Bfile", "error: no file"),
    ],
)
async def test_message_of_any_language_or_program_is_accepted(
    ada: Api, message: str, stored: str
) -> None:
    """Direction marks are kept. Line ends of other systems become newlines.

    Terminal colours and overrides of the text direction are removed.
    """
    session_id = await ada.new_session()

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": message})

    assert (answer.status, answer.body["message"]) == (201, stored)
    assert await texts(ada, session_id) == [stored]


async def test_message_with_crlf_is_accepted(ada: Api) -> None:
    """A message with the line ends of Windows (CRLF) is accepted."""
    session_id = await ada.new_session()

    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": "two\r\nlines"})

    assert answer.status == 201
    assert answer.body["message"] in ("two\r\nlines", "two\nlines")


@pytest.mark.parametrize("session_id", ["", None, 5, ["x"], {"$ne": None}, "x" * 65])
async def test_message_with_bad_session_id_names_the_field(ada: Api, session_id: object) -> None:
    """A value that cannot be an id is refused, and the answer names `sessionId`."""
    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    assert code_of(answer) == (422, "invalid")
    assert list(answer.body["errors"]) == ["sessionId"]


@pytest.mark.parametrize("session_id", [UNKNOWN_ID, "x", "\0", "send"])
async def test_chat_of_unknown_session_is_not_found(ada: Api, session_id: str) -> None:
    """A message to a session that does not exist is answered with 404."""
    answer = await ada.post("/chat/send", {"sessionId": session_id, "message": "hi"})

    assert code_of(answer) == (404, "not_found")


async def test_chat_by_removed_member_is_refused(ada: Api, bob: Api) -> None:
    """Membership is checked at each request, so a removed member is refused immediately."""
    session_id = await ada.new_session()
    await bob.post(f"/session/{session_id}/join")
    assert (await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})).status == 201

    await ada.delete(f"/session/{session_id}/members/{bob.user['id']}")

    assert code_of(await bob.post("/chat/send", {"sessionId": session_id, "message": "hi"})) == (
        404,
        "not_found",
    )
    assert code_of(await bob.get(f"/chat/{session_id}")) == (404, "not_found")
    assert await texts(ada, session_id) == ["hi"]


async def test_chat_pages_lead_from_newest_to_oldest(ada: Api) -> None:
    """A page has its oldest message first, and `next` leads to the page before it."""
    session_id = await ada.new_session()
    sent = [f"message {number}" for number in range(7)]
    for message in sent:
        await ada.post("/chat/send", {"sessionId": session_id, "message": message})

    pages = await walk(ada, f"/chat/{session_id}?limit=3", "messages")

    assert [[message["message"] for message in page] for page in pages] == [
        sent[4:7],
        sent[1:4],
        sent[0:1],
    ]
    assert [len(page) for page in await walk(ada, f"/chat/{session_id}?limit=7", "messages")] == [7]


async def test_chat_page_has_50_messages_by_default(crowd: None, ada: Api) -> None:
    """A page has 50 messages by default and at most 200."""
    session_id = await ada.new_session()
    await asyncio.gather(
        *(
            ada.post("/chat/send", {"sessionId": session_id, "message": f"{number}"})
            for number in range(201)
        )
    )

    default = (await ada.get(f"/chat/{session_id}")).body
    most = (await ada.get(f"/chat/{session_id}?limit=200")).body

    assert (len(default["messages"]), len(most["messages"])) == (50, 200)
    assert default["messages"] == most["messages"][-50:]
    assert default["next"]
    assert most["next"]


async def test_chat_pages_do_not_shift_with_new_messages(ada: Api) -> None:
    """A new message does not change the content of older pages."""
    session_id = await ada.new_session()
    for number in range(4):
        await ada.post("/chat/send", {"sessionId": session_id, "message": f"{number}"})
    first = (await ada.get(f"/chat/{session_id}?limit=2")).body

    await ada.post("/chat/send", {"sessionId": session_id, "message": "new"})
    second = (await ada.get(f"/chat/{session_id}?limit=2&before={first['next']}")).body

    assert [message["message"] for message in second["messages"]] == ["0", "1"]


async def test_simultaneous_messages_are_each_stored_one_time_in_order(
    crowd: None, ada: Api
) -> None:
    """Each simultaneous message is stored exactly once, with an id of its own.

    The times of the listed messages never decrease.
    """
    session_id = await ada.new_session()

    answers = await asyncio.gather(
        *(
            ada.post("/chat/send", {"sessionId": session_id, "message": f"{number}"})
            for number in range(50)
        )
    )

    messages = (await ada.get(f"/chat/{session_id}")).body["messages"]
    assert {answer.status for answer in answers} == {201}
    assert sorted(message["message"] for message in messages) == sorted(
        str(number) for number in range(50)
    )
    assert len({message["id"] for message in messages}) == 50
    times = [message["timestamp"] for message in messages]
    assert times == sorted(times)


async def test_chat_shows_messages_of_its_session_only(ada: Api) -> None:
    """Each session has its own messages."""
    one, other = await ada.new_session(), await ada.new_session()

    await ada.post("/chat/send", {"sessionId": one, "message": "one"})

    assert await texts(ada, one) == ["one"]
    assert await texts(ada, other) == []


async def test_chat_survives_restart(start_server) -> None:
    """A message that was answered with 201 is still there after a restart."""
    first = await start_server()
    ada = await Api(first.url).sign_up("ada")
    session_id = await ada.new_session()
    await ada.post("/chat/send", {"sessionId": session_id, "message": "kept"})
    await first.stop()

    second = await start_server()

    assert await texts(Api(second.url, ada.token), session_id) == ["kept"]
