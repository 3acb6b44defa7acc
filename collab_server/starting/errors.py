"""The errors that end a start."""


class StartError(Exception):
    """The server cannot start; the message is one line with the reason."""


class PortInUse(StartError):
    """Another program listens on PORT."""
