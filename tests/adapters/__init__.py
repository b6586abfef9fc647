"""Adapters: the contract that each one keeps, TLS, proxies, override points."""
