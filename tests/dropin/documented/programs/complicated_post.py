"""Quickstart: more complicated POST requests: forms, pairs, JSON, plain text."""

import json
import os

import requests

url = os.environ["HTTPBIN"] + "/post"


def shown(r):
    said = r.json()
    return said["form"], said["data"], said["json"], r.request.headers.get("Content-Type")


print(shown(requests.post(url, data={"key1": "value1", "key2": "value2"})))
print(shown(requests.post(url, data=[("key1", "value1"), ("key1", "value2")])))
print(shown(requests.post(url, data={"key1": ["value1", "value2"]})))
print(shown(requests.post(url, data=json.dumps({"some": "data"}))))
print(shown(requests.post(url, json={"some": "data", "name": "Güneş"})))
print(shown(requests.post(url, json={"ignored": 1}, data={"key": "value"})))
print(shown(requests.post(url, data="Güneş".encode())))
print(shown(requests.post(url, json=[])), shown(requests.post(url, json=None)))
print(shown(requests.post(url)), requests.post(url).request.headers["Content-Length"])
try:
    requests.post(url, json={"x": float("nan")})
except requests.exceptions.InvalidJSONError:
    print("NaN is no JSON")
