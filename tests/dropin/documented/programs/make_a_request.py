"""Quickstart: make a request, by every verb."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/get")
print(r, r.status_code, r.ok, bool(r))
r = requests.post(f"{url}/post", data={"key": "value"})
print(r.json()["form"])
r = requests.put(f"{url}/put", data={"key": "value"})
print(r.json()["form"])
r = requests.delete(f"{url}/delete")
print(r.json()["data"], r.request.method)
r = requests.head(f"{url}/get")
print(repr(r.text), r.headers["Content-Type"])
r = requests.options(f"{url}/get")
print(sorted(r.headers["Allow"].split(", ")))
r = requests.patch(f"{url}/patch", data="text")
print(r.json()["data"])
r = requests.request("GET", f"{url}/anything")
print(r.json()["method"])
