"""The decoder that unpackb() and Unpacker share; only for other compiled modules."""
