"""The stored log of one session played back:
the document at any moment, all changes, who typed when.
"""
