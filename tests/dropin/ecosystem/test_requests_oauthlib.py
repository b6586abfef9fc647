"""requests-oauthlib: OAuth 1 and 2 with a provider of oauthlib, which checks every signature."""

from __future__ import annotations

import json
import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from oauthlib import oauth1, oauth2
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, TokenExpiredError
from requests_oauthlib import OAuth1, OAuth1Session, OAuth2, OAuth2Session

from tests.support.http_server import HttpServer
from tests.support.messages import Answer, ReceivedRequest

KEY, SECRET = "k" * 20, "client secret"
TOKEN, TOKEN_SECRET = "t" * 20, "token secret"
VERIFIER = "v" * 20


# -- OAuth 1 -----------------------------------------------------------------


class Accounts(oauth1.RequestValidator):
    """One client, one user, and tokens that are what their names say."""

    enforce_ssl = False
    dummy_client = dummy_request_token = dummy_access_token = "dummy"
    allowed_signature_methods = (
        oauth1.SIGNATURE_HMAC_SHA1,
        oauth1.SIGNATURE_HMAC_SHA256,
        oauth1.SIGNATURE_PLAINTEXT,
    )

    def __init__(self) -> None:
        self.saved: list[dict] = []
        self.nonces: set[tuple[str, str]] = set()

    def validate_client_key(self, client_key, request):
        return client_key == KEY

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, **tokens):
        fresh = (timestamp, nonce) not in self.nonces
        self.nonces.add((timestamp, nonce))
        return fresh

    def get_client_secret(self, client_key, request):
        return SECRET

    def get_request_token_secret(self, client_key, token, request):
        return TOKEN_SECRET

    def get_access_token_secret(self, client_key, token, request):
        return TOKEN_SECRET

    def validate_request_token(self, client_key, token, request):
        return token == TOKEN

    def validate_access_token(self, client_key, token, request):
        return token == TOKEN

    def validate_verifier(self, client_key, token, verifier, request):
        return verifier == VERIFIER

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return True

    def get_default_realms(self, client_key, request):
        return []

    def get_realms(self, token, request):
        return []

    def save_request_token(self, token, request):
        self.saved.append(token)

    def save_access_token(self, token, request):
        self.saved.append(token)

    def invalidate_request_token(self, client_key, request_token, request):
        pass


@pytest.fixture
def oauth1_server(http_server: HttpServer) -> HttpServer:
    """``/request_token``, ``/access_token`` and ``/resource``, as the specification has them."""
    accounts = Accounts()
    provider = oauth1.WebApplicationServer(accounts)
    provider.token_generator = lambda: TOKEN

    def parts(request: ReceivedRequest):
        url = f"http://{request.header('Host')}{request.target}"
        body = request.body.decode() if "form" in (request.header("Content-Type") or "") else ""
        return url, request.method, body, dict(request.fields)

    def answer(created) -> Answer:
        headers, body, status = created
        if status == 200:
            body = urlencode({**dict(parse_qsl(body)), "oauth_token_secret": TOKEN_SECRET})
        return Answer((body or "").encode(), status, list((headers or {}).items()))

    @http_server.route("/request_token")
    def request_token(request: ReceivedRequest) -> Answer:
        return answer(provider.create_request_token_response(*parts(request)))

    @http_server.route("/access_token")
    def access_token(request: ReceivedRequest) -> Answer:
        return answer(provider.create_access_token_response(*parts(request)))

    @http_server.route("/resource")
    def resource(request: ReceivedRequest) -> Answer:
        valid, seen = provider.validate_protected_resource_request(*parts(request))
        if not valid:
            return Answer(b"bad signature", 401)
        return Answer.json({"client": seen.client_key, "params": seen.params})

    return http_server


def test_the_three_steps_of_oauth1(oauth1_server: HttpServer) -> None:
    with OAuth1Session(KEY, client_secret=SECRET, callback_uri="http://me.example/cb") as session:
        session.fetch_request_token(f"{oauth1_server.url}/request_token")
        url = session.authorization_url("https://provider.example/authorize")
        assert parse_qs(urlsplit(url).query)["oauth_token"] == [TOKEN]
        session.parse_authorization_response(
            f"http://me.example/cb?oauth_token={TOKEN}&oauth_verifier={VERIFIER}"
        )
        assert session.fetch_access_token(f"{oauth1_server.url}/access_token") == {
            "oauth_token": TOKEN,
            "oauth_token_secret": TOKEN_SECRET,
        }
        assert session.authorized
        assert session.get(f"{oauth1_server.url}/resource").json()["client"] == KEY


CALLS = [
    ("GET", {"params": {"q": "a b", "ğ": "ş~"}}),
    ("GET", {"params": [("a", "1"), ("a", "2")]}),
    ("POST", {"data": {"letter": "güneş & ay", "plus": "a+b"}}),
    ("POST", {"data": [("a", "2"), ("a", "1")], "params": {"q": "1"}}),
    ("PUT", {"json": {"a": 1}}),
    ("DELETE", {}),
]


@pytest.mark.parametrize(("method", "call"), CALLS)
@pytest.mark.parametrize("place", ["AUTH_HEADER", "QUERY", "BODY"])
def test_every_signature_is_right(oauth1_server: HttpServer, method, call, place) -> None:
    if place == "BODY" and "data" not in call:  # only a form can carry it
        method, call = "POST", {"data": {"only": "form"}, "params": call.get("params")}
    auth = OAuth1(KEY, SECRET, TOKEN, TOKEN_SECRET, signature_type=place)
    response = requests.request(method, f"{oauth1_server.url}/resource", auth=auth, **call)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("signature", ["HMAC-SHA256", "PLAINTEXT"])
def test_other_signatures(oauth1_server: HttpServer, signature: str) -> None:
    auth = OAuth1(KEY, SECRET, TOKEN, TOKEN_SECRET, signature_method=signature)
    assert requests.get(f"{oauth1_server.url}/resource?a=b", auth=auth).status_code == 200


def test_a_wrong_secret_is_refused(oauth1_server: HttpServer) -> None:
    auth = OAuth1(KEY, "another", TOKEN, TOKEN_SECRET)
    assert requests.get(f"{oauth1_server.url}/resource", auth=auth).status_code == 401


def test_a_redirect_is_signed_anew(oauth1_server: HttpServer) -> None:
    with OAuth1Session(KEY, SECRET, TOKEN, TOKEN_SECRET) as session:
        response = session.get(f"{oauth1_server.url}/redirect-to?url=/resource%3Fa%3Db")
    assert (response.status_code, len(response.history)) == (200, 1)


def test_multipart_is_not_part_of_a_signature(oauth1_server: HttpServer) -> None:
    with OAuth1Session(KEY, SECRET, TOKEN, TOKEN_SECRET) as session:
        response = session.post(
            f"{oauth1_server.url}/resource", files={"letter": b"text"}, data={"a": "1"}
        )
        assert response.status_code == 200
    assert b'name="letter"' in oauth1_server.last.body


# -- OAuth 2 -----------------------------------------------------------------


class Grants(oauth2.RequestValidator):
    """One client with a code, a password and a refresh token."""

    def __init__(self) -> None:
        self.challenges: list[str] = []

    def authenticate_client(self, request, *args, **kwargs):
        import base64

        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Basic "):
            user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
        else:
            user, password = request.client_id, request.client_secret
        request.client = type("Client", (), {"client_id": user})
        request.user = "fatma"
        return (user, password) == ("client", "secret")

    def client_authentication_required(self, request, *args, **kwargs):
        return True

    def validate_code(self, client_id, code, client, request, *args, **kwargs):
        request.scopes = ["letters"]
        return code == "the-code"

    def confirm_redirect_uri(self, client_id, code, redirect_uri, client, request, *a, **k):
        return redirect_uri == "https://me.example/cb"

    def invalidate_authorization_code(self, client_id, code, request, *args, **kwargs):
        pass

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return True

    def is_pkce_required(self, client_id, request):
        return False

    def get_code_challenge(self, code, request):
        return self.challenges[-1] if self.challenges else None

    def get_code_challenge_method(self, code, request):
        return "S256"

    def validate_user(self, username, password, client, request, *args, **kwargs):
        request.user = username
        return (username, password) == ("fatma", "pass")

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return True

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["letters"]

    def get_original_scopes(self, refresh_token, request, *args, **kwargs):
        return ["letters"]

    def validate_refresh_token(self, refresh_token, client, request, *args, **kwargs):
        request.user = "fatma"
        return refresh_token == "refresh"

    def rotate_refresh_token(self, request):
        return False

    def save_bearer_token(self, token, request, *args, **kwargs):
        return None

    def validate_bearer_token(self, token, scopes, request):
        return token == "access"


@pytest.fixture
def grants() -> Grants:
    return Grants()


@pytest.fixture
def oauth2_server(https_server: HttpServer, grants: Grants) -> HttpServer:
    """``/token`` and ``/resource``."""
    provider = oauth2.Server(
        grants,
        token_generator=lambda request: "access",
        refresh_token_generator=lambda request: "refresh",
    )

    def parts(request: ReceivedRequest):
        url = f"https://{request.header('Host')}{request.target}"
        return url, request.method, request.body.decode(), dict(request.fields)

    @https_server.route("/token")
    def token(request: ReceivedRequest) -> Answer:
        headers, body, status = provider.create_token_response(*parts(request))
        return Answer(body.encode(), status, list(headers.items()))

    @https_server.route("/resource")
    def resource(request: ReceivedRequest) -> Answer:
        valid, _ = provider.verify_request(*parts(request), scopes=["letters"])
        return Answer.json({"valid": valid}, status=200 if valid else 401)

    return https_server


@pytest.fixture
def verify(certificates) -> str:
    return str(certificates.ca)


def test_the_code_flow(oauth2_server: HttpServer, grants: Grants, verify: str) -> None:
    session = OAuth2Session(
        "client", redirect_uri="https://me.example/cb", scope=["letters"], pkce="S256"
    )
    url, state = session.authorization_url("https://provider.example/authorize")
    asked = parse_qs(urlsplit(url).query)
    grants.challenges.append(asked["code_challenge"][0])
    token = session.fetch_token(
        f"{oauth2_server.url}/token",
        authorization_response=f"https://me.example/cb?code=the-code&state={state}",
        client_secret="secret",
        verify=verify,
    )
    assert token["access_token"] == "access"
    assert session.get(f"{oauth2_server.url}/resource", verify=verify).json() == {"valid": True}
    assert oauth2_server.last.header("Authorization") == "Bearer access"


def test_a_wrong_code(oauth2_server: HttpServer, verify: str) -> None:
    session = OAuth2Session("client", redirect_uri="https://me.example/cb")
    with pytest.raises(InvalidGrantError):
        session.fetch_token(
            f"{oauth2_server.url}/token", code="guess", client_secret="secret", verify=verify
        )


@pytest.mark.parametrize("auth", [True, False], ids=["basic", "body"])
def test_the_clients_own_and_the_users_password(
    oauth2_server: HttpServer, verify: str, auth: bool
) -> None:
    url = f"{oauth2_server.url}/token"
    how = {"client_id": "client", "client_secret": "secret", "verify": verify}
    how["include_client_id"] = not auth
    if auth:
        how["auth"] = requests.auth.HTTPBasicAuth("client", "secret")
    own = OAuth2Session(client=BackendApplicationClient("client"))
    assert own.fetch_token(url, **how)["access_token"] == "access"
    users = OAuth2Session(client=LegacyApplicationClient("client"))
    token = users.fetch_token(url, username="fatma", password="pass", **how)
    assert token["refresh_token"] == "refresh"


def test_a_token_is_refreshed(oauth2_server: HttpServer, verify: str) -> None:
    stale = {
        "access_token": "old",
        "refresh_token": "refresh",
        "token_type": "Bearer",
        "expires_at": time.time() - 5,
    }
    session = OAuth2Session("client", token=stale)
    with pytest.raises(TokenExpiredError):
        session.get(f"{oauth2_server.url}/resource", verify=verify)
    saved = []
    session = OAuth2Session(
        "client",
        token=stale,
        auto_refresh_url=f"{oauth2_server.url}/token",
        auto_refresh_kwargs={"client_id": "client", "client_secret": "secret"},
        token_updater=saved.append,
    )
    session.verify = verify
    response = session.get(
        f"{oauth2_server.url}/resource", client_id="client", client_secret="secret"
    )
    assert response.json() == {"valid": True}
    assert saved[0]["access_token"] == "access"


def test_hooks_see_what_the_provider_answers(oauth2_server: HttpServer, verify: str) -> None:
    def rename(response: requests.Response) -> requests.Response:
        token = json.loads(response.text)
        response._content = json.dumps({**token, "scope": "letters mail"}).encode()
        return response

    session = OAuth2Session(client=BackendApplicationClient("client"))
    session.register_compliance_hook("access_token_response", rename)
    token = session.fetch_token(
        f"{oauth2_server.url}/token", client_id="client", client_secret="secret", verify=verify
    )
    assert token["scope"] == ["letters", "mail"]


def test_the_auth_alone(oauth2_server: HttpServer, verify: str) -> None:
    auth = OAuth2(token={"access_token": "access", "token_type": "Bearer"})
    assert requests.get(f"{oauth2_server.url}/resource", auth=auth, verify=verify).ok
