"""Advanced: transport adapters: which is chosen, a specific TLS version, and retries."""

import os
import ssl

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.poolmanager import PoolManager
from urllib3.util import Retry

url, secure, ca = os.environ["HTTPBIN"], os.environ["HTTPBIN_TLS"], os.environ["CA"]


class Tls12(HTTPAdapter):
    """Allows TLS 1.2 and no other."""

    def init_poolmanager(self, connections, maxsize, block=False):
        context = ssl.create_default_context(cafile=ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, ssl_context=context
        )


s = requests.Session()
s.mount(secure, Tls12())
with s.get(f"{secure}/stream/1", stream=True, verify=ca) as r:
    print(r.raw.connection.sock.version(), r.status_code)


class Canned(BaseAdapter):
    """Answers without a network."""

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        response = requests.Response()
        response.status_code = 200
        response.url, response.request = request.url, request
        response._content = b"canned"
        return response

    def close(self):
        pass


s.mount("canned://", Canned())
print(s.get("canned://anything").text, list(s.adapters)[-1])
s.mount("http://127.0.0.1", Canned())
print(s.get(f"{url}/get").text, type(s.get_adapter("http://elsewhere/")).__name__)
try:
    s.get("other://x")
except requests.exceptions.InvalidSchema as error:
    print(str(error)[:49])

retries = Retry(total=2, backoff_factor=0, status_forcelist=[502, 503], allowed_methods={"GET"})
s = requests.Session()
s.mount("http://", HTTPAdapter(max_retries=retries))
try:
    s.get(f"{url}/status/503")
except requests.exceptions.RetryError:
    print("used up")
print(s.post(f"{url}/status/503").status_code)
s.mount("http://", HTTPAdapter(max_retries=retries.new(raise_on_status=False)))
print(s.get(f"{url}/status/503").status_code)
