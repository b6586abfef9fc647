"""Advanced: POST multiple multipart-encoded files."""

import io
import os

import requests

url = os.environ["HTTPBIN"] + "/post"

multiple_files = [
    ("images", ("foo.png", io.BytesIO(b"foo"), "image/png")),
    ("images", ("bar.png", io.BytesIO(b"bar"), "image/png")),
    ("letter", ("letter.txt", "Dear friend", "text/plain; charset=utf-8")),
]
r = requests.post(url, files=multiple_files, data=[("a", "1"), ("a", "2")])
print(r.json()["files"], r.json()["form"])

prepared = requests.Request("POST", url, files=multiple_files).prepare()
print(prepared.body.count(b'name="images"'), prepared.headers["Content-Length"].isdigit())
