"""Makes editing sessions as if people had typed them: bursts, typos, jumps, pastes, emoji, undo;
alone or together.

The sessions have the two formats of github.com/josephg/editing-traces, so whatever reads recordings
reads them too (`trace`). They are not recordings of people: for those see `harness.traces`.

The same seed makes the same session on every machine and in every version of Python (`dice`).
Modules, lowest first: `dice` and `trace`; `vocabulary` (what is typed); `editor` (a text with a
cursor and undo); `person` (what somebody does next); `alone` and `together`.
"""
