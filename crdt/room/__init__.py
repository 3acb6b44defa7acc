"""One room: a document, its connections, their presence,
and the frames that are broadcast to them.
"""
