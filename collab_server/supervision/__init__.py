"""What `collab-server run` adds to a server: it starts again, cannot hang, and cannot take all memory.

Optional: `collab-server serve` and programs that start a `Server` themselves never import this package. A unit
of systemd does the same with other means: `Restart=` for the supervisor, `MemoryMax=` for the bound on memory,
`Environment=MALLOC_ARENA_MAX=2` for the allocator. It has no watchdog for this server, because `WatchdogSec=`
ends a process that does not report with sd_notify, which this server does not.
"""
