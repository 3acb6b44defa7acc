"""The REST API described as OpenAPI."""
