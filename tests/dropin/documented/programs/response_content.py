"""Quickstart: response content as text, and its encoding."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/encoding/utf8")
print(r.encoding, len(r.text), r.text.splitlines()[3])
r = requests.get(f"{url}/html")
print(r.encoding, r.text[:15])
r.encoding = "ISO-8859-1"
print(r.encoding, len(r.text) == len(r.content))
r = requests.get(f"{url}/base64/xLBzdGFuYnVs")
print(r.encoding, r.text)
r = requests.get(f"{url}/response-headers", params={"Content-Type": "text/plain"})
print(r.encoding)
r = requests.get(f"{url}/bytes/0")
print(r.encoding, repr(r.text), r.apparent_encoding)
