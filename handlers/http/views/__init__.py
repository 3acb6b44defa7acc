"""The JSON that clients see (docs/api.md):
the shape of each answer, and the function that makes it of records.

A TypedDict here is one named schema of the API's description, and its docstring is the schema's
description. So what an answer holds stands in one place, for the type checker, for OpenAPI and for
the clients generated from it.
"""
