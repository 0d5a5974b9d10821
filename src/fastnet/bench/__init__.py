"""Measuring servers: the load generator behind `fastnet bench`, and its results."""
