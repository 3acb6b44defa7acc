"""The commands besides those that start the server."""
