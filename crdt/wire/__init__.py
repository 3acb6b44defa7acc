"""The bytes of Yjs: lib0's primitives, sync messages, and updates parsed without applying them."""
