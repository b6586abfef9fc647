"""Advanced: keep-alive: one connection for many requests, once bodies are read."""

import os

import requests

url = os.environ["HTTPBIN"]

with requests.Session() as s:
    socks = set()
    for _ in range(5):
        with s.get(f"{url}/bytes/10000", stream=True) as r:
            socks.add(r.raw.connection.sock.getsockname())
            size = len(r.content)
    print(len(socks), size)
    first = s.get(f"{url}/drip?numbytes=2&duration=0.1", stream=True)
    with s.get(f"{url}/bytes/10", stream=True) as second:
        print(first.raw.connection is not second.raw.connection)
    first.close()
    r = s.get(f"{url}/get", headers={"Connection": "close"})
    print(r.headers["Connection"])
