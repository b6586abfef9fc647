"""Advanced and Authentication: auth objects, built in and of one's own."""

import os
import tempfile

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth, HTTPProxyAuth

url = os.environ["HTTPBIN"]


class PizzaAuth(AuthBase):
    """Attaches HTTP Pizza Authentication to the given Request object."""

    def __init__(self, username):
        self.username = username

    def __call__(self, r):
        r.headers["X-Pizza"] = self.username
        return r


print(requests.get(f"{url}/headers", auth=PizzaAuth("kenneth")).json()["headers"]["X-Pizza"])


def by_function(r):
    r.headers["X-Function"] = "yes"
    r.prepare_url(r.url, {"signed": "1"})
    return r


r = requests.get(f"{url}/anything", auth=by_function)
print(r.json()["headers"]["X-Function"], r.json()["args"])

basic = f"{url}/basic-auth/user/pass"
print(requests.get(basic, auth=HTTPBasicAuth("user", "pass")).json())
print(requests.get(basic, auth=("user", "pass")).status_code, requests.get(basic).status_code)
for algorithm in ("MD5", "SHA-256", "SHA-512"):
    digest = f"{url}/digest-auth/auth/user/pass/{algorithm}"
    r = requests.get(digest, auth=HTTPDigestAuth("user", "pass"))
    print(r.status_code, [x.status_code for x in r.history], r.json()["authenticated"])
    print(requests.get(digest, auth=HTTPDigestAuth("user", "wrong")).status_code)
print(HTTPBasicAuth("a", "b") == HTTPBasicAuth("a", "b"), HTTPBasicAuth("a", "b") != object())
print(HTTPProxyAuth("a", "b")(requests.Request("GET", url).prepare()).headers)

with tempfile.NamedTemporaryFile("w", suffix=".netrc") as netrc:
    netrc.write("machine 127.0.0.1 login user password pass\n")
    netrc.flush()
    os.environ["NETRC"] = netrc.name
    print(requests.get(basic).status_code, requests.utils.get_netrc_auth(basic))
    with requests.Session() as s:
        s.trust_env = False
        print(s.get(basic).status_code)
