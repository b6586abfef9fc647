"""Advanced: prepared requests, by themselves and with a session."""

import os

import requests
from requests import Request, Session

url = os.environ["HTTPBIN"]

s = Session()
req = Request("POST", f"{url}/post", data={"a": "b"}, headers={"X-Seal": "red"})
prepped = req.prepare()
prepped.body = "No, I want exactly this as the body."
prepped.headers["Content-Length"] = str(len(prepped.body))
del prepped.headers["Content-Type"]
resp = s.send(prepped, stream=False, timeout=5)
print(resp.status_code, resp.json()["data"], resp.json()["headers"]["X-Seal"])

s.headers["X-Session"] = "yes"
s.cookies.set("seal", "red")
req = Request("GET", f"{url}/anything", params={"a": "b"})
prepped = s.prepare_request(req)
print(prepped.headers["X-Session"], prepped.headers["Cookie"], prepped.url.removeprefix(url))
settings = s.merge_environment_settings(prepped.url, {}, None, None, None)
print(sorted(settings), settings["stream"], settings["verify"])
print(s.send(prepped, **settings).json()["args"])

copy = prepped.copy()
copy.prepare_url(f"{url}/anything/else", {"c": "d"})
copy.prepare_method("put")
copy.prepare_body(b"body", None)
said = s.send(copy).json()
print(said["method"], said["args"], said["data"], prepped.method)

p = requests.models.PreparedRequest()
p.prepare("get", url, params=[("q", "x")], hooks=None)
print(p.method, p.url.removeprefix(url), dict(p.headers), p.body)
