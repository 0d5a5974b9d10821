"""The suite mirrors src/fastnet: one test file a source file. It tests whatever fastnet is importable."""
