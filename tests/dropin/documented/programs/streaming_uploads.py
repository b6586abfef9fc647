"""Advanced: streaming uploads of a file, and of what is read once."""

import io
import os
import tempfile

import requests

url = os.environ["HTTPBIN"] + "/post"

with tempfile.TemporaryFile() as f:
    f.write(b"massive-body" * 100_000)
    f.seek(0)
    r = requests.post(url, data=f)
    said = r.json()
    print(said["headers"]["Content-Length"], len(said["data"]))
    f.seek(120)
    print(requests.post(url, data=f).json()["headers"]["Content-Length"])

print(requests.post(url, data=io.BytesIO(b"letter")).json()["data"])


class Unsized:
    """A body without a length."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def __iter__(self):
        return iter(lambda: self._data.read(7), b"")


said = requests.post(url, data=Unsized(b"a letter without a length")).json()
print(said["data"], said["headers"].get("Transfer-Encoding"))
