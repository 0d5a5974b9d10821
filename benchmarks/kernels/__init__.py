"""Wire formats without sockets: what one message costs."""
