"""Clients: the protocols of fastnet over sockets, each with a sync and an async face."""
