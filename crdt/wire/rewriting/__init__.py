"""Updates written in another form, as bytes:
of equal meaning for Yjs, or such that pycrdt can read them fast.
"""
