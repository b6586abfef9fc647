"""Advanced: HTTP verbs, in a conversation with an API, and custom verbs."""

import json
import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/anything/repos/psf/requests/git/commits/a050faf")
if r.status_code == requests.codes.ok:
    print(r.headers["content-type"], sorted(r.json()))
verbs = requests.options(f"{url}/anything")
print(sorted(verbs.headers["allow"].split(", ")))
body = json.dumps({"body": "Sounds great! I'll get right on it!"})
r = requests.post(f"{url}/anything/issues/482/comments", data=body, auth=("user", "pass"))
print(r.json()["json"]["body"])
r = requests.patch(f"{url}/patch", json={"body": "changed"})
print(r.json()["json"])
r = requests.delete(f"{url}/anything/comments/1", auth=("user", "pass"))
print(r.status_code, r.json()["method"])
r = requests.head(f"{url}/get", auth=("user", "pass"))
print(int(r.headers["Content-Length"]) > 0)
r = requests.request("MKCOL", f"{url}/anything")
print(r.status_code, r.request.method)
r = requests.request("trace", f"{url}/anything")
print(r.status_code, r.request.method)
