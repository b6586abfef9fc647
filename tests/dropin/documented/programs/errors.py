"""Quickstart: errors and exceptions."""

import os
import socket

import requests

url = os.environ["HTTPBIN"]
e = requests.exceptions

with socket.socket() as unused:
    unused.bind(("127.0.0.1", 0))
    try:
        requests.get(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    except requests.ConnectionError as error:
        print(type(error).__name__, isinstance(error, OSError), error.request.method)

try:
    requests.get("http://absent.invalid/")
except requests.ConnectionError as error:
    print("no such name", isinstance(error, e.RequestException))

for wrong in ("letters", "http://", "ftp://127.0.0.1/", "http://*letters/", "//127.0.0.1/"):
    try:
        requests.get(wrong)
    except e.RequestException as error:
        print(wrong, type(error).__name__, isinstance(error, ValueError))

try:
    with requests.Session() as s:
        s.max_redirects = 2
        s.get(f"{url}/redirect/3")
except requests.TooManyRedirects as error:
    print(error.response.status_code, len(error.response.history))
try:
    requests.get(f"{url}/status/404").raise_for_status()
except requests.HTTPError as error:
    print(error.response.status_code)
print(issubclass(e.ConnectTimeout, e.ConnectionError), issubclass(e.SSLError, e.ConnectionError))
