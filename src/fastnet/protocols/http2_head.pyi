"""Heads of HTTP/2 (RFC 9113, section 8), understood by the rules of HTTP/1.1. For compiled connections only."""
