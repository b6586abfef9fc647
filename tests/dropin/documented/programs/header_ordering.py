"""Advanced: header ordering."""

import os
from collections import OrderedDict

import requests

url = os.environ["HTTPBIN"]

s = requests.Session()
s.headers = OrderedDict([("Z-First", "1"), ("A-Second", "2")])
prepped = s.prepare_request(requests.Request("GET", url, headers={"M-Third": "3"}))
print([name for name in prepped.headers if "-" in name])
s.headers = requests.structures.CaseInsensitiveDict([("Z-First", "1"), ("A-Second", "2")])
s.headers["z-first"] = "again"
print(list(s.headers.items()))
print(s.get(f"{url}/headers").json()["headers"]["Z-First"])
