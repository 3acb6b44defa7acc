"""The structs of one Yjs document, without pycrdt: where they lie, and which part of an update can be put to them."""
