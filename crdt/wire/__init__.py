"""The bytes of Yjs: lib0's primitives, messages of the sync protocol,
and updates parsed without applying them.
"""
