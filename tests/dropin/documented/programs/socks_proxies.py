"""Advanced: SOCKS, where the names are resolved here or there."""

import os

import requests

url, secure = os.environ["HTTPBIN"], os.environ["HTTPBIN_TLS"]
ca, address = os.environ["CA"], os.environ["SOCKS"]

for scheme in ("socks5", "socks5h"):
    proxies = {"http": f"{scheme}://{address}", "https": f"{scheme}://{address}"}
    print(requests.get(f"{url}/get", proxies=proxies).status_code)
    print(requests.get(f"{secure}/get", proxies=proxies, verify=ca).status_code)
try:
    requests.get(f"{url}/get", proxies={"http": "socks5://127.0.0.1:1"})
except requests.exceptions.ConnectionError:
    print("no proxy there")
