"""What fastnet costs next to its peers: `python -m benchmarks.kernels`, `python -m benchmarks.servers`."""
