"""Quickstart: JSON response content, and what happens when it is none."""

import json
import os

import requests

url = os.environ["HTTPBIN"]

r = requests.get(f"{url}/json")
print(r.json()["slideshow"]["author"])
print(r.json(parse_int=str, object_pairs_hook=list)[0][0])

r = requests.get(f"{url}/html")
for error in (requests.exceptions.JSONDecodeError, ValueError, json.JSONDecodeError):
    try:
        r.json()
    except error as caught:
        print(error.__name__, caught.pos)

r = requests.get(f"{url}/status/204")
try:
    r.json()
except requests.JSONDecodeError as caught:
    print(isinstance(caught, requests.RequestException), repr(caught.doc))

r = requests.get(f"{url}/status/500")
try:
    r.raise_for_status()
except requests.HTTPError as caught:
    print(caught.response.status_code, caught.response is r, caught.request is r.request)
