"""Quickstart: binary response content, decoded where it was compressed."""

import io
import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/image/png")
print(type(r.content), len(r.content), io.BytesIO(r.content).read(8))
for coding in ("gzip", "deflate"):
    r = requests.get(f"{url}/{coding}")
    print(r.headers["Content-Encoding"], r.content.startswith(b"{"), sorted(r.json()))
