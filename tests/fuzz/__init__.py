"""The fuzzer for the checks in front of pycrdt. README.md says how to use it."""
