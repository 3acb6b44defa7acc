"""A service on another machine that runs programs."""
