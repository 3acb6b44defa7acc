"""The parts that all HTTP handlers share, from the base handler to the API's description."""
