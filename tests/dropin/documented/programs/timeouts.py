"""Quickstart and Advanced: timeouts, for connecting and for reading."""

import os
import socket

import requests

url = os.environ["HTTPBIN"]

for timeout in (0.1, (3.05, 0.1)):
    try:
        requests.get(f"{url}/delay/1", timeout=timeout)
    except requests.exceptions.ReadTimeout as error:
        print(isinstance(error, requests.Timeout), error.response, error.request.method)

with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
    address = full.getsockname()
    waiting = [socket.socket() for _ in range(3)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(address)
    try:
        requests.get(f"http://127.0.0.1:{address[1]}/", timeout=(0.1, 30))
    except requests.exceptions.ConnectTimeout as error:
        print(isinstance(error, requests.ConnectionError), isinstance(error, requests.Timeout))
    for sock in waiting:
        sock.close()

for timeout in (None, 5, (None, 5), (5, None)):
    print(requests.get(f"{url}/get", timeout=timeout).status_code)
