"""Quickstart: POST a multipart-encoded file."""

import os
import tempfile

import requests

url = os.environ["HTTPBIN"] + "/post"

with tempfile.NamedTemporaryFile(suffix=".csv") as report:
    report.write(b"some,data,to,send\nanother,row,to,send\n")
    report.flush()
    with open(report.name, "rb") as file:
        r = requests.post(url, files={"file": file})
    print(r.json()["files"])
    with open(report.name, "rb") as file:
        files = {"file": ("report.csv", file, "text/csv", {"Expires": "0"})}
        prepared = requests.Request("POST", url, files=files).prepare()
    boundary = prepared.headers["Content-Type"].partition("boundary=")[2]
    print(prepared.body.replace(boundary.encode(), b"BOUNDARY"))

r = requests.post(url, files={"file": ("report.csv", "some,data\n")}, data={"a": ["1", "2"]})
print(r.json()["files"], r.json()["form"], r.headers["Content-Type"])
r = requests.post(url, files={"file": ("güneş.txt", b"ay")})
print(r.json()["files"])
r = requests.post(url, files={"field": (None, "no file")})
print(r.json()["files"], r.json()["form"])
