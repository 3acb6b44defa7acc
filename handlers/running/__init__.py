"""Runs of programs: what members' browsers report about them."""
