"""Answers with tests of programs; answers with runs are in `handlers.http.views.runs`."""
