"""Advanced: SSL certificate verification, and CA certificates."""

import os
import warnings

import requests

url = os.environ["HTTPBIN_TLS"]
ca = os.environ["CA"]

try:
    requests.get(f"{url}/get")
except requests.exceptions.SSLError as error:
    print("refused", isinstance(error, requests.ConnectionError))
print(requests.get(f"{url}/get", verify=ca).status_code)

with requests.Session() as s:
    s.verify = ca
    print(s.get(f"{url}/get").status_code, s.get(f"{url}/get").status_code)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", requests.packages.urllib3.exceptions.InsecureRequestWarning)
    print(requests.get(f"{url}/get", verify=False).status_code)
print({warning.category.__name__ for warning in caught})

os.environ["REQUESTS_CA_BUNDLE"] = ca
print(requests.get(f"{url}/get").status_code)
with requests.Session() as s:
    s.trust_env = False
    try:
        s.get(f"{url}/get")
    except requests.exceptions.SSLError:
        print("refused")
del os.environ["REQUESTS_CA_BUNDLE"]

try:
    requests.get(f"{url}/get", verify="/absent/ca.pem")
except OSError as error:
    print("no such bundle", "/absent/ca.pem" in str(error))
print(requests.certs.where() == requests.utils.DEFAULT_CA_BUNDLE_PATH)
