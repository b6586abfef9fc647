"""Quickstart: raw response content, and streaming it to a file."""

import os
import tempfile

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/bytes/100?seed=1", stream=True)
print(r.raw.read(10) == requests.get(f"{url}/bytes/100?seed=1").content[:10])
r.close()

r = requests.get(f"{url}/gzip", stream=True)
print(r.raw.read(2), r.raw.read(10, decode_content=False)[:0])
r.close()

with tempfile.TemporaryFile() as fd:
    r = requests.get(f"{url}/stream-bytes/100000?seed=1&chunk_size=999", stream=True)
    for chunk in r.iter_content(chunk_size=128):
        fd.write(chunk)
    print(fd.tell(), r.raw.closed)

with requests.get(f"{url}/gzip", stream=True) as r:
    print(b"".join(r.iter_content(chunk_size=None)).startswith(b"{"))
