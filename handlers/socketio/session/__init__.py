"""One session as its text clients see it: the text they are sent, their presence,
and events about others.
"""
