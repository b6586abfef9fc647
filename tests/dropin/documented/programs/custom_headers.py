"""Quickstart: custom headers, and which of two wins."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/headers", headers={"user-agent": "my-app/0.0.1", "X-Bytes": b"b"})
said = r.json()["headers"]
print(said["User-Agent"], said["X-Bytes"], said["Accept"])
r = requests.get(f"{url}/headers", headers={"Accept": None, "Authorization": "Bearer x"})
print("Accept" in r.json()["headers"], r.json()["headers"]["Authorization"])
r = requests.get(f"{url}/headers", headers={"Authorization": "Bearer x"}, auth=("user", "password"))
print(r.json()["headers"]["Authorization"])
for wrong in ({"X": 1}, {"X": "a\r\nb"}, {"X": " a"}):
    try:
        requests.get(f"{url}/headers", headers=wrong)
    except requests.exceptions.InvalidHeader:
        print("invalid")
