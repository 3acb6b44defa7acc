"""The MongoDB database: how it is reached, its indexes, and who may write to it."""
