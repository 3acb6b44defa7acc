"""The structs of one document, without pycrdt: where they lie, and what of an update fits."""
