"""All works, in the order in which they are done."""

from bench.worst import answers, doors, edits, texts
from bench.worst.stage import Work

WORKS: tuple[Work, ...] = (*texts.WORKS, *edits.WORKS, *answers.WORKS, *doors.WORKS)
