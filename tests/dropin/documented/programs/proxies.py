"""Advanced: proxies, for a request, a session, and by the environment."""

import os

import requests

url, secure = os.environ["HTTPBIN"], os.environ["HTTPBIN_TLS"]
proxy, ca = os.environ["PROXY"], os.environ["CA"]
proxies = {"http": proxy, "https": proxy}

print(requests.get(f"{url}/get", proxies=proxies).status_code)
print(requests.get(f"{secure}/get", proxies=proxies, verify=ca).status_code)
with requests.Session() as session:
    session.proxies.update(proxies)
    print(session.get(f"{url}/get").status_code)

dead = "http://127.0.0.1:1"
try:
    requests.get(f"{url}/get", proxies={"http": dead})
except requests.exceptions.ProxyError as error:
    print("ProxyError", isinstance(error, requests.ConnectionError))
host = url.partition("://")[2].partition(":")[0]
print(requests.get(f"{url}/get", proxies={"http": dead, f"http://{host}": proxy}).status_code)

os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = dead
try:
    requests.get(f"{url}/get")
except requests.exceptions.ProxyError:
    print("ProxyError")
os.environ["NO_PROXY"] = os.environ["no_proxy"] = host
print(requests.get(f"{url}/get").status_code)
del os.environ["NO_PROXY"], os.environ["no_proxy"]
with requests.Session() as session:
    session.trust_env = False
    print(session.get(f"{url}/get").status_code)
print(requests.utils.get_environ_proxies(url), requests.utils.should_bypass_proxies(url, host))
