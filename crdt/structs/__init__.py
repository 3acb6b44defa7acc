"""The structs of one document, without pycrdt: their places, and the parts of updates that fit."""
