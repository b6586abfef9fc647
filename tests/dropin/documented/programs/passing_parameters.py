"""Quickstart: passing parameters in URLs."""

import os

import requests

url = os.environ["HTTPBIN"]


def shown(r):
    """The URL without its server, which has another port each time."""
    return r.url.removeprefix(url), r.json()["args"]


print(shown(requests.get(f"{url}/get", params={"key1": "value1", "key2": "value2"})))
print(shown(requests.get(f"{url}/get", params={"key1": "value1", "key2": ["value2", "value3"]})))
print(shown(requests.get(f"{url}/get", params={"left out": None, "empty": ""})))
print(shown(requests.get(f"{url}/get?a=1", params=[("a", "2"), ("a", "3")])))
print(shown(requests.get(f"{url}/get", params="as it is")))
print(shown(requests.get(f"{url}/get", params={"şehir": "İzmir & Muğla", "n": 7, "t": True})))
print(shown(requests.get(f"{url}/get#part", params={"a": "b"})))
