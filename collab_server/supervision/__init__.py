"""The safeguards of `collab-server run`: a server that dies starts again, cannot hang,
and cannot take all memory.

Optional: `collab-server serve` and programs that start a `Server` themselves never import this
package. A unit of systemd can do most of it: `Restart=` for the supervisor, `MemoryMax=` for the
bound on memory, `Environment=MALLOC_ARENA_MAX=2` for the allocator. It cannot be the watchdog:
`WatchdogSec=` ends a process that does not report with sd_notify, and this server does not.
"""
