"""Answers with tests of programs; `handlers.http.views.runs` has those with runs."""
