"""Makes the OpenAPI description of the REST API."""
