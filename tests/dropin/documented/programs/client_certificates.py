"""Advanced: client side certificates."""

import os

import requests

url, ca = os.environ["MUTUAL_TLS"], os.environ["CA"]
cert, key, both = (os.environ[name] for name in ("CLIENT_CERT", "CLIENT_KEY", "CLIENT_PEM"))

print(requests.get(f"{url}/get", cert=(cert, key), verify=ca).status_code)
print(requests.get(f"{url}/get", cert=both, verify=ca).status_code)
with requests.Session() as s:
    s.cert, s.verify = (cert, key), ca
    print(s.get(f"{url}/get").status_code)
try:
    requests.get(f"{url}/get", verify=ca)
except requests.exceptions.ConnectionError:
    print("refused without one")
try:
    requests.get(f"{url}/get", cert="/absent/client.pem", verify=ca)
except OSError as error:
    print("no such file", "/absent/client.pem" in str(error))
