"""Advanced: chunk-encoded requests and responses."""

import os

import requests

url = os.environ["HTTPBIN"]


def gen():
    yield b"hi"
    yield b"there"


r = requests.post(f"{url}/post", data=gen())
print(r.json()["data"], r.request.headers["Transfer-Encoding"])
print("Content-Length" in r.request.headers)
r = requests.get(f"{url}/stream/3", stream=True)
print(r.headers["Transfer-Encoding"], r.raw.chunked)
print(len(b"".join(r.iter_content(chunk_size=None)).splitlines()))


def fails():
    yield b"hi"
    raise LookupError("mine")


try:
    requests.post(f"{url}/post", data=fails())
except LookupError as error:
    print("the caller's own:", error)
