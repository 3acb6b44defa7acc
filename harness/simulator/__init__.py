"""Makes editing sessions like those of people: bursts, typos, jumps, pastes, emoji, undo.

A session has one or several people. It has one of the two formats of
github.com/josephg/editing-traces (`trace`). So programs that read recordings can read it, too.
`harness.traces` has recordings of people.

The same seed makes the same session on every machine and in every version of Python (`dice`).
Modules, lowest first: `dice` and `trace`; `vocabulary` (the typed words); `editor` (a text with a
cursor and undo); `person` (the next action of a person); `alone` and `together`.
"""
