"""Tests of shared roots with unusual names, and of roots that are not texts.

Each page of the app and each export must show them.
"""

import re
from pathlib import Path

from playwright.async_api import Page, Route, expect

from tests.api import Api
from tests.browser.conftest import NewPerson, Someone
from tests.handlers.clients import joined, texts_frame
from tests.node_peers import Peers, connect
from tests.waiting import until

NAMES = (
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    ".git",
    "<b>&amp;</b>",
    "a/b\\c",
    "名" * 120,
    "",
)
"""Unusual names: properties that every object has, names that tools and file systems forbid,
markup, a name over 255 bytes, and the empty name."""

FOLDERS = 3
"""The folders that slashes and backslashes in these names make in the list of files."""


def shown(name: str) -> str:
    return name or "(no name)"


def listed(name: str) -> str:
    """Return the name of a root's file: the valid name that is nearest to the root's."""
    return "/".join(part[:100] for part in shown(name).replace("\\", "/").split("/"))


def label(name: str) -> str:
    """Return the label of a root's file in the tree of files: the last part of its name."""
    return listed(name).rpartition("/")[2]


async def exported(person: Someone, session_id: str, folder: Path) -> Page:
    """Open the exported replay of a session."""
    read = "id => fetch(`/code/${id}/export?format=replay`).then(answer => answer.text())"
    (folder / "session.html").write_text(await person.page.evaluate(read, session_id))
    await person.page.goto((folder / "session.html").as_uri())
    return person.page


async def typed_by_ada(person: NewPerson, api: Api) -> tuple[Someone, Api, str]:
    """Return Ada and Bob in one session of Ada's, which has text, and the session's id."""
    ada = await person()
    session_id = await ada.open_new("Names", name="ada", access="link")
    await ada.type("before")
    await ada.until_saved()
    bob = await api.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    return ada, bob, session_id


async def write_each(peers: Peers, api: Api, session_id: str) -> None:
    """For each name, connect a client that writes into the text of that name."""
    for name in NAMES:
        await connect(peers, api, session_id, f"peer of {name}", root=name)
        await peers.do("insert", f"peer of {name}", text=f"text of {name}")


async def test_texts_with_any_name_are_shown_on_each_page(
    person: NewPerson, api: Api, peers: Peers, tmp_path: Path
) -> None:
    """The editor, blame, versions, the replay and its export show each text under its name."""
    ada, bob, session_id = await typed_by_ada(person, api)
    await ada.save("without them")
    await write_each(peers, bob, session_id)

    await expect(ada.page.get_by_role("treeitem")).to_have_count(1 + len(NAMES) + FOLDERS)
    await ada.button("Authors").click()
    for name in NAMES:
        await ada.row(label(name)).click()
        await expect(ada.text).to_have_text(f"text of {name}")
        await expect(ada.page.locator(".blame")).to_have_text(re.compile("^bob"))
    await ada.go(f"/s/{session_id}/versions")
    for name in NAMES:
        await expect(ada.page.get_by_label(listed(name), exact=True)).to_contain_text(
            f"text of {name}"
        )
    await ada.go(f"/s/{session_id}/replay")
    for name in NAMES:
        await ada.page.get_by_label("File").select_option(label=listed(name))
        await expect(ada.page.get_by_test_id("replay-text").locator(".cm-content")).to_have_text(
            f"text of {name}"
        )
    page = await exported(ada, session_id, tmp_path)
    for moment in (str(1 + len(NAMES)), "1", str(1 + len(NAMES))):
        await page.get_by_label("Moment").fill(moment)
        for name in NAMES:
            await page.get_by_label("File").select_option(label=listed(name))
            await expect(page.locator("#code")).to_have_text(
                f"text of {name}" if moment != "1" else ""
            )
    await expect(page.locator("#unseen")).to_be_hidden()


async def test_names_of_texts_are_shown_before_there_is_a_connection(
    person: NewPerson, api: Api, peers: Peers
) -> None:
    """If no WebSocket connects, the texts can still be read under their names."""
    ada, bob = await person(), await api.sign_up("bob")
    await ada.sign_up("ada")
    session_id = await bob.new_session(access="link")
    await write_each(peers, bob, session_id)
    await until(lambda: bob.live(session_id), lambda live: set(NAMES) <= set(live["files"]))
    ada.expected.append("404")  # ada is not a member yet: the page joins
    await ada.page.route_web_socket(re.compile("/sync/"), lambda _: None)

    await ada.go(f"/s/{session_id}")

    for name in NAMES:
        await ada.row(label(name)).click()
        await expect(ada.page.get_by_test_id("preview").locator(".cm-content")).to_have_text(
            f"text of {name}"
        )


async def test_maps_lists_and_xml_are_shown_read_only(
    person: NewPerson, api: Api, peers: Peers, tmp_path: Path
) -> None:
    """The editor shows maps, lists and XML live, and the versions page compares them.

    The replay lists the roots that it cannot show.
    """
    ada, bob, session_id = await typed_by_ada(person, api)
    await connect(peers, bob, session_id, "bob")
    for scene in ("cells", "page", "object_parts"):
        await peers.do("scene", "bob", scene=scene, text="first")

    others = ("cells", "prosemirror", "__proto__", "constructor", "toString")
    for name in others:
        await ada.row(f"{name} not a text file").click()
        await expect(ada.page.get_by_test_id("document").locator(".cm-content")).to_contain_text(
            "rst"
        )
        await expect(ada.text).to_have_attribute("contenteditable", "false")
    await ada.check_access()
    await ada.choose("Settings")
    await ada.page.get_by_role("combobox", name="Font size").select_option("20")
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_test_id("document").locator(".cm-editor")).to_have_css(
        "font-size", "20px"
    )
    await ada.save("first ones")
    await peers.do("scene", "bob", scene="object_parts", text="second")
    await expect(ada.page.get_by_test_id("document").locator(".cm-content")).to_contain_text(
        "second of toString"
    )
    await ada.page.get_by_role("tab", name="main.js", exact=True).click()
    await ada.type("it can be typed into: ")
    await ada.until_saved()

    await ada.go(f"/s/{session_id}/versions")
    await expect(ada.page.get_by_role("region", name="cells", exact=True)).to_contain_text(
        "no difference"
    )
    await expect(ada.page.get_by_label("toString", exact=True)).to_contain_text("second")
    await ada.check_access()
    await ada.page.get_by_label("Compare version 1 with").select_option("none")
    for name in others:
        await expect(ada.page.get_by_role("region", name=name, exact=True)).to_contain_text("rst")
    await ada.go(f"/s/{session_id}/replay")
    for name in others:
        await expect(ada.page.get_by_text("Not shown, as they are no texts")).to_contain_text(name)
    page = await exported(ada, session_id, tmp_path)
    for name in others:
        await expect(page.locator("#unseen")).to_contain_text(name)


async def test_files_are_listed_before_their_texts_are_loaded(person: NewPerson, api: Api) -> None:
    """A file that this page has not opened is listed before its text is loaded."""
    ada, bob, session_id = await typed_by_ada(person, api)
    wire = await joined(bob, session_id)
    await wire.send(texts_frame({"notes.py": "text of notes"}))
    await until(lambda: bob.live(session_id), lambda live: "notes.py" in live["files"])
    wire.close()

    async def empty(route: Route) -> None:
        await route.fulfill(json={"files": {}, "documents": {}})

    await ada.page.route("**/latest*", empty)
    await ada.go(f"/s/{session_id}")

    await ada.row("notes.py").click()
    await expect(ada.text).to_have_text("text of notes")
