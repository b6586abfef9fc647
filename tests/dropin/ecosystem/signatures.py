"""AWS's signature of a request (version 4), computed anew by the side that receives it.

Written from AWS's description; knows nothing of the packages that it checks.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote

from tests.support.messages import ReceivedRequest


def is_signed(request: ReceivedRequest, secret: str) -> bool:
    """Whether ``Authorization`` is the signature of what has arrived, with ``secret``."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
        r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})",
        request.header("Authorization") or "",
    )
    if found is None:
        return False
    _, date, region, service, names, signature = found.groups()
    path, _, query = request.target.partition("?")
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
    )
    canonical = [
        request.method,
        path,
        "&".join(f"{name}={value}" for name, value in pairs),
        *[f"{name}:{' '.join((request.header(name) or '').split())}" for name in names.split(";")],
        "",
        names,
        request.header("x-amz-content-sha256") or "",
    ]
    if canonical[-1] != hashlib.sha256(request.body).hexdigest():
        return False
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.header("x-amz-date") or "",
            scope,
            hashlib.sha256("\n".join(canonical).encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex() == signature
