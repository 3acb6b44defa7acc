-- The contents of a version's roots that are not texts, as JSON: {root: {type, value, leftOut}}.
ALTER TABLE versions ADD COLUMN documents TEXT NOT NULL DEFAULT '{}'
