"""Rules for parts of JSON bodies: single fields, and the report of a run."""
