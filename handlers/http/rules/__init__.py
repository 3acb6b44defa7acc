"""Rules for parts of JSON bodies that have a form of their own."""
