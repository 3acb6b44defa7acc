"""The fuzzer of the scan in front of pycrdt; README.md says how to use it."""
