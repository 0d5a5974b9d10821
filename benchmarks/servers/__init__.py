"""Servers over loopback: one worker on one core, the load generator on the other, rounds interleaved."""
