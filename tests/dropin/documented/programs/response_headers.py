"""Quickstart: response headers, whatever their case."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/response-headers", params={"X-Seal": ["red", "blue"], "ETag": "abc"})
print(r.headers["x-seal"], r.headers.get("X-SEAL"), r.headers["etag"])
print("content-type" in r.headers, r.headers.get("absent"), r.headers["Content-Type"])
print(dict(r.headers)["ETag"], sorted(name.lower() for name in r.headers))
print(r.headers == {name.upper(): value for name, value in r.headers.items()})
print(r.request.headers["ACCEPT"])
