"""Quickstart: response status codes."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/get")
print(r.status_code == requests.codes.ok, r.raise_for_status())
for code in (404, 418, 500, 503):
    bad = requests.get(f"{url}/status/{code}")
    try:
        bad.raise_for_status()
    except requests.exceptions.HTTPError as error:
        print(code, bad.ok, bad.reason, str(error).replace(url, ""))
print(requests.codes["temporary_redirect"], requests.codes.teapot, requests.codes.okay)
print(requests.codes.NOT_FOUND, requests.codes["\\o/"], requests.codes.get("absent"))
