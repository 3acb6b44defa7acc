"""The soak test: mixed and hostile load on a server for half an hour."""
