"""Advanced: request and response objects, and what each holds."""

import os
import pickle

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/get", params={"a": "b"})
print(r.headers["Content-Type"], r.request.headers["Accept"], r.request.method, r.request.body)
print(r.url.removeprefix(url), r.request.url == r.url, r.request.path_url)
print(type(r).__name__, type(r.request).__name__, repr(r), repr(r.request))
print(r.elapsed.total_seconds() > 0, r.reason, r.encoding, r.apparent_encoding)
again = pickle.loads(pickle.dumps(r))
print(again.status_code, again.json()["args"], again.headers == r.headers)
print(sorted(requests.Response.__attrs__))
