"""The JSON answers that clients get (docs/api.md): their types, and functions that make them.

Each TypedDict here is a named schema of the API's description, and its docstring is the schema's
description. So each answer is described in one place for the type checker, for OpenAPI, and for
clients that are generated from OpenAPI.
"""
