"""A session's log, and its replay as the web app's player would show it."""

from crdt.log.codec import decode_chunk


async def log_of(server, session_id: str) -> list:
    chunks = await server.parts.services.store.chunks(session_id, 0, 100_000)
    return [entry for chunk in chunks for entry in decode_chunk(chunk.data)]


def played(files: dict[str, str], replay: dict) -> list[str]:
    """Return the code after each step. Positions count UTF-16 units, as in JavaScript."""
    texts = {root: text.encode("utf-16-le") for root, text in files.items()}
    seen = []
    for _, _, edits in replay["steps"]:
        for root, at, deleted, inserted in edits:
            name = replay["roots"][root]
            text = texts.get(name, b"")
            texts[name] = text[: 2 * at] + inserted.encode("utf-16-le") + text[2 * (at + deleted) :]
        seen.append(texts.get("codemirror", b"").decode("utf-16-le"))
    return seen
