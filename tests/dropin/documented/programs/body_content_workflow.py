"""Advanced: when the body is downloaded, and that the connection comes back."""

import os

import requests

url = os.environ["HTTPBIN"]

with requests.Session() as s:
    r = s.get(f"{url}/bytes/2000?seed=1", stream=True)
    if int(r.headers["content-length"]) < 3000:
        content = r.content
    print(len(content), r.raw.closed or r.raw.read() == b"")
    with s.get(f"{url}/stream/5", stream=True) as r:
        first = next(r.iter_lines())
        print(first[:1])
    print(r.raw.closed)
    s.stream = True
    r = s.get(f"{url}/bytes/10?seed=1")
    print(r._content_consumed, len(r.content), r._content_consumed)
    r = s.get(f"{url}/bytes/10?seed=1")
    list(r.iter_content(3))
    try:
        print(r.content)
    except RuntimeError:
        print("consumed")
