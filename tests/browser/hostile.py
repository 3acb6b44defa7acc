"""Programs and pages that try to reach what they must not, and what a page shows of it."""

import re

from tests.browser.conftest import NewPerson, Someone
from tests.browser.programs import programmer

ATTEMPTS = {
    "cookies": "document.cookie",
    "parent": "parent.document.body.innerText",
    "top": "top.location.href",
    "local storage": "localStorage.length",
    "documents that the browser keeps": """new Promise((done, failed) => {
        const opened = indexedDB.open("x"); opened.onsuccess = done; opened.onerror = failed })""",
    "caches": "caches.keys()",
    "files of the origin": "navigator.storage.getDirectory()",
    "API": 'fetch(HOST + "/user/me")',
    "API with cookies": 'fetch(HOST + "/user/me", { credentials: "include" })',
    "API, blind": 'fetch(HOST + "/user/me", { mode: "no-cors", credentials: "include" })',
    "API by another verb": 'fetch(HOST + "/user/logout", { method: "POST" })',
    "another host": 'fetch("http://localhost:9/", { mode: "no-cors" })',
    "XMLHttpRequest": """new Promise((done, failed) => { const sent = new XMLHttpRequest()
        sent.onload = done; sent.onerror = failed; sent.open("GET", HOST + "/user/me")
        sent.send() })""",
    "WebSocket": """new Promise((done, failed) => {
        const socket = new WebSocket(HOST.replace("http", "ws") + "/sync/x")
        socket.onopen = done; socket.onerror = failed })""",
    "EventSource": """new Promise((done, failed) => {
        const source = new EventSource(HOST + "/user/me")
        source.onopen = done; source.onerror = failed })""",
    "script of the app": "import(HOST + '/static/icon.svg')",
    "script by importScripts": "importScripts(HOST + '/static/icon.svg')",
    "worker of the server": """new Promise((done, failed) => {
        const worker = new Worker(HOST + "/static/icon.svg")
        worker.onmessage = done; worker.onerror = failed })""",
    "WebRTC": "new RTCPeerConnection()",
    "messages to the frame": "self.postMessage({ is: 'ended' })",
    "beacon": """{
        if (!navigator.sendBeacon(HOST + "/user/logout")) throw new Error("refused") }""",
}
"""Expressions, or blocks, that end without an error if they reach what they are named after."""

IN_A_FRAME = {
    "property": "frame[NAME] = HELLO",
    "attribute": "frame.setAttribute(NAME, HELLO)",
    "node": """const node = document.createAttribute(NAME); node.value = HELLO
        frame.setAttributeNode(node)""",
    "markup": """const box = document.createElement("div"); document.body.append(box)
        box.innerHTML = `<iframe ${NAME}="${HELLO}"></iframe>`""",
    "shadow": """const box = document.createElement("div"); document.body.append(box)
        box.attachShadow({ mode: "open" }).setHTMLUnsafe(`<iframe ${NAME}="${HELLO}"></iframe>`)""",
    "script": "frame.src = `javascript:parent.postMessage('hello', '*')`",
    "data": "frame.src = `data:text/html,${HELLO}`",
    "blob": "frame.src = URL.createObjectURL(new Blob([HELLO], { type: 'text/html' }))",
    "window": "document.body.append(frame); new frame.contentWindow.RTCPeerConnection(); done()",
}
"""Statements by which a frame may run a script in a document of its own, which has WebRTC again."""


def of_frame(statements: str) -> str:
    """Return an expression that succeeds if a frame in the page answers."""
    return f"""new Promise((done, failed) => {{
        const NAME = "src" + "doc"
        const HELLO = "<script>parent.postMessage('hello', '*')<\\/script>"
        const frame = document.createElement("iframe")
        onmessage = done
        {statements}
        document.body.append(frame); setTimeout(failed, 500) }})"""


IN_A_PAGE = {
    "cookies": "document.cookie",
    "parent": "parent.document.body.innerText",
    "top": "top.document.title",
    "local storage": "localStorage.length",
    "window": "(window.open('about:blank') || missing).document",
    "API": 'fetch(HOST + "/user/me")',
    "API, blind": 'fetch(HOST + "/user/me", { mode: "no-cors", credentials: "include" })',
    "WebRTC": "new RTCPeerConnection()",
    "form": """new Promise((done, failed) => { const form = document.createElement("form")
        document.addEventListener("securitypolicyviolation", failed)
        form.action = HOST + "/user/logout"; form.method = "post"; document.body.append(form)
        form.submit(); setTimeout(failed, 500) })""",
    "navigation of the tab": """new Promise((done, failed) => {
        try { top.location = "about:blank" } catch (error) { failed(error) }
        setTimeout(failed, 500) })""",
    **{f"WebRTC of a frame by {way}": of_frame(code) for way, code in IN_A_FRAME.items()},
    "WebRTC of another document": """new Promise((done, failed) => {
        location = "javascript:'<p>without this table'"; setTimeout(failed, 500) })""",
}


def table(attempts: dict[str, str], host: str, tell: str) -> str:
    """Return a program that makes all attempts, and tells the result of each."""
    functions = ",\n".join(
        f"{name!r}: async () => {code if code.startswith('{') else f'await ({code})'}"
        for name, code in attempts.items()
    )
    return (
        f"const HOST = {host!r}\nconst attempts = {{\n{functions}\n}}\n"
        "for (const [name, attempt] of Object.entries(attempts)) {\n"
        "  let result = 'reached'\n"
        "  try { await attempt() } catch { result = 'refused' }\n"
        f"  {tell}(`${{name}}: ${{result}}\\n`)\n}}"
    )


def refused(attempts: dict[str, str]) -> re.Pattern[str]:
    lines = [re.escape(f"{name}: refused") for name in attempts]
    return re.compile(r"^\s*" + r"\s+".join(lines) + r"\s*$")


async def victim(person: NewPerson, language: str) -> Someone:
    """Return a signed-in user whose page listens to what a program might send it."""
    ada = await programmer(person, language)
    ada.expected.append(".")  # the browser reports each refusal
    await ada.page.evaluate(
        """() => { globalThis.heard = []
          new BroadcastChannel("leak").onmessage = ({ data }) => heard.push(data) }"""
    )
    return ada


PYTHON = """
import asyncio, js

async def database():
    opened = js.indexedDB.open("x")
    while opened.readyState != "done":
        await asyncio.sleep(0.01)
    opened.result.name

async def attempts():
    for name, attempt in {
        "API": lambda: js.fetch(HOST + "/user/me"),
        "API, blind": lambda: js.fetch(HOST + "/user/me", mode="no-cors", credentials="include"),
        "document": lambda: js.document.cookie,
        "local storage": lambda: js.localStorage.length,
        "caches": lambda: js.caches.keys(),
        "databases": database,
        "code": lambda: js.eval("1"),
        "messages": lambda: js.postMessage("x"),
    }.items():
        try:
            result = attempt()
            if hasattr(result, "__await__"):
                await result
            print(name + ": reached")
        except Exception:
            print(name + ": refused")

asyncio.run(attempts())
"""
"""A program that makes attempts by the module `js`. It needs HOST, the origin of the app."""
