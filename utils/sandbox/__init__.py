"""Running programs that nobody has read: shut in, within limits, and gone when they end.

To read in this order: README.md (what is promised and what is not), `choose` (which backend, proved
by a probe), `bubblewrap` and `sandlock` (the backends; `keeper` is a process that the second works
through), `watching` (what both have in common: output, time, memory, number of processes), `pool`
(many at once).

May import: nothing but the trunk.
"""
