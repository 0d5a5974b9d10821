"""What fastnet costs, next to its peers: `python -m benchmarks.kernels` without sockets, `python -m benchmarks.servers` with."""
