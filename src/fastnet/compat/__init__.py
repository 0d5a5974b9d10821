"""Other libraries' interfaces over fastnet's parsers: changing the import is enough."""
