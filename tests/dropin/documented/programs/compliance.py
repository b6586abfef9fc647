"""Advanced: compliance: encodings."""

import os

import requests

url = os.environ["HTTPBIN"]

for kind in (
    "text/html",
    "text/html; charset=utf-8",
    "text/plain; charset='iso-8859-9'",
    "application/json",
    "application/octet-stream",
):
    r = requests.get(f"{url}/response-headers", params={"Content-Type": kind})
    found = requests.utils.get_encoding_from_headers({"content-type": kind})
    print(kind, found, r.text.startswith("{"))
r = requests.get(f"{url}/encoding/utf8")
print(r.apparent_encoding, requests.utils.get_unicode_from_response is not None)
