"""All works, in the order in which they are done."""

from bench.worst.stage import Work
from bench.worst.works import answers, crowds, doors, edits, files, loads, past, runs, texts

WORKS: tuple[Work, ...] = (
    *texts.WORKS,
    *edits.WORKS,
    *loads.WORKS,
    *files.WORKS,
    *runs.WORKS,
    *answers.WORKS,
    *past.WORKS,
    *doors.WORKS,
    *crowds.WORKS,
)
