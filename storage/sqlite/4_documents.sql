-- What the roots of a version hold that are no texts, as JSON: {root: {type, value, leftOut}}.
ALTER TABLE versions ADD COLUMN documents TEXT NOT NULL DEFAULT '{}'
