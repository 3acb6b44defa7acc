"""The whole document put in order in Python, from raw bytes: texts, maps, arrays and XML."""
