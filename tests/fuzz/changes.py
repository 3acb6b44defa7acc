"""Changes to a parsed update: its structs, sections and deletions."""

from collections.abc import Callable
from random import Random

from tests.fuzz import contents
from tests.fuzz.raw import ODD_NUMBERS
from tests.fuzz.structure import Section, Update


def change(source: Random, update: Update) -> None:
    """Make one random change to an update."""
    ways: list[Callable[[Random, Update], None]] = [_deleted]
    if any(section.structs for section in update.sections):
        ways += [_section] * 2 + [_struct] * 4
    source.choice(ways)(source, update)


def _full_section(source: Random, update: Update) -> Section:
    return source.choice([section for section in update.sections if section.structs])


def _section(source: Random, update: Update) -> None:
    """Remove, repeat, reorder or add structs, or change a section's client id or clock."""
    section = _full_section(source, update)
    structs = section.structs
    index = source.randrange(len(structs))
    match source.randrange(6):
        case 0:
            del structs[index]
        case 1:
            structs[index:index] = [structs[index]] * source.choice((1, 1, 2, 50))
        case 2:
            source.shuffle(structs)
        case 3:
            section.client = source.choice((*contents.CLIENTS, *ODD_NUMBERS))
        case 4:
            section.clock = max(0, section.clock + source.choice((-1, 1, 2, *ODD_NUMBERS)))
        case _:
            structs.insert(index, contents.content(source))


def _struct(source: Random, update: Update) -> None:
    """Change one struct: its info byte, origins, parent, key or content."""
    section = _full_section(source, update)
    struct = source.choice(section.structs)
    match source.randrange(8):
        case 0:
            struct.flip = 1 << source.randrange(8)
        case 1:
            struct.left = contents.anywhere(source)
        case 2:
            struct.right = contents.anywhere(source)
        case 3:
            struct.left, struct.right = struct.right, struct.left
        case 4:
            struct.left = struct.right = None
            struct.parent = source.choice((*contents.ROOTS, (section.client, section.clock)))
        case 5:
            struct.key = None if struct.key else source.choice((*contents.KEYS, "k" * 257))
        case 6:
            struct.body = bytes((source.choice((0, 1, 127, 200)),)) + struct.body[1:]
        case _:
            other = contents.content(source)
            struct.kind, struct.length, struct.body = other.kind, other.length, other.body


def _deleted(source: Random, update: Update) -> None:
    """Remove, move, stretch, repeat or add a range of deletions."""
    deleted = update.deleted
    what = source.randrange(4) if deleted else 3
    if what == 0:
        deleted.pop(source.randrange(len(deleted)))
    elif what == 1:
        client, first, length = deleted.pop()
        deleted.append(
            (
                client,
                max(0, first + source.choice((-1, 1))),
                source.choice((length + 1, *ODD_NUMBERS)),
            )
        )
    elif what == 2:
        deleted.append(source.choice(deleted))
    else:
        client = source.choice([section.client for section in update.sections] or [1])
        deleted.append((client, source.randrange(8), source.choice((1, 1, 2, 9))))
