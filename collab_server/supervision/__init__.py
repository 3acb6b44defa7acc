"""The safeguards of `collab-server run`: a restart after a crash, a watchdog, a bound on memory.

They are optional: `collab-server serve` and programs that start a `Server` themselves never import
this package. A unit of systemd can replace most of it: `Restart=` for the supervisor, `MemoryMax=`
for the bound on memory, `Environment=MALLOC_ARENA_MAX=2` for the allocator. It cannot replace the
watchdog: `WatchdogSec=` needs reports by sd_notify, which this server does not send.
"""
