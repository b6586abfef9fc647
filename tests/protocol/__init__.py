"""The codec alone: bytes in, bytes out; no socket, no thread, no clock."""
