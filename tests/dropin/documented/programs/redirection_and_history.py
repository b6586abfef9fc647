"""Quickstart: redirection and history."""

import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/redirect/2")
print(r.url.removeprefix(url), r.status_code, r.history)
print([x.headers["Location"] for x in r.history], r.history[0].is_redirect)
r = requests.get(f"{url}/redirect/1", allow_redirects=False)
print(r.status_code, r.history, r.is_redirect, r.is_permanent_redirect, r.next.method)
r = requests.head(f"{url}/redirect/1")
print(r.status_code, r.history)
r = requests.head(f"{url}/redirect/1", allow_redirects=True)
print(r.status_code, r.history, r.request.method)
for code in (301, 302, 303, 307, 308):
    params = {"url": "/anything", "status_code": code}
    r = requests.post(f"{url}/redirect-to", params=params, data={"a": "b"})
    print(code, r.json()["method"], r.json()["form"])
