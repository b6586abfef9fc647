"""tweepy: OAuth 1 by requests-oauthlib, uploads, and retries of its own."""

from __future__ import annotations

import json

import pytest
import requests
import tweepy

from tests.support import Answer, Certificates, HttpServer

_TWEET = {"id": 1, "id_str": "1", "text": "Güneş", "user": {"id": 7, "screen_name": "fatma"}}


@pytest.fixture
def api(
    https_server: HttpServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> tweepy.API:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ca))
    host = f"127.0.0.1:{https_server.port}"
    auth = tweepy.OAuth1UserHandler("key", "secret", "token", "token secret")
    return tweepy.API(auth, host=host, upload_host=host)


def test_a_status(api: tweepy.API, https_server: HttpServer) -> None:
    https_server.route("/1.1/statuses/update.json")(lambda _: Answer.json(_TWEET))
    tweet = api.update_status("Güneş & ay")
    assert (tweet.text, tweet.user.screen_name) == ("Güneş", "fatma")
    sent = https_server.last
    assert sent.query == [("status", "Güneş & ay")]
    assert sent.header("Authorization").startswith("OAuth oauth_nonce=")
    assert sent.header("User-Agent").endswith(
        f"Requests/{requests.__version__} Tweepy/{tweepy.__version__}"
    )


def test_a_cursor(api: tweepy.API, https_server: HttpServer) -> None:
    def ids(request) -> Answer:
        cursor = int(request.parameter("cursor", "-1"))
        following = 2 if cursor == -1 else 0
        cursors = {"next_cursor": following, "previous_cursor": 0}
        return Answer.json({"ids": [cursor, cursor + 10], **cursors})

    https_server.route("/1.1/followers/ids.json")(ids)
    assert list(tweepy.Cursor(api.get_follower_ids).items()) == [-1, 9, 2, 12]


def test_an_upload(api: tweepy.API, https_server: HttpServer, tmp_path) -> None:
    said = {"media_id": 5, "media_id_string": "5", "size": 4}
    https_server.route("/1.1/media/upload.json")(lambda _: Answer.json(said))
    picture = tmp_path / "letter.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 1000)
    assert api.simple_upload(str(picture)).media_id == 5
    assert b'name="media"; filename="' in https_server.last.body
    assert b"x" * 1000 in https_server.last.body


def test_errors_and_retries(api: tweepy.API, https_server: HttpServer) -> None:
    left = [Answer.json({"errors": [{"code": 130, "message": "Over capacity"}]}, status=503)] * 2
    user = Answer.json({"id": 7, "screen_name": "fatma"})
    https_server.route("/1.1/account/verify_credentials.json")(
        lambda _: left.pop() if left else user
    )
    with pytest.raises(tweepy.TwitterServerError, match="Over capacity"):
        api.verify_credentials()
    api.retry_count = 2
    assert api.verify_credentials().screen_name == "fatma"
    https_server.drop_connections()
    assert api.verify_credentials().screen_name == "fatma"


def test_not_found(api: tweepy.API, https_server: HttpServer) -> None:
    said = {"errors": [{"code": 50, "message": "User not found."}]}
    https_server.route("/1.1/users/show.json")(lambda _: Answer.json(said, status=404))
    with pytest.raises(tweepy.NotFound, match="not found") as caught:
        api.get_user(screen_name="absent")
    assert caught.value.response.status_code == 404


def test_a_stream(http_server: HttpServer) -> None:
    """A stream of lines with heartbeats, ended by the caller."""
    seen = []
    lines = [json.dumps({"data": {"id": str(n)}}).encode() + b"\r\n" for n in range(3)]
    http_server.route("/stream")(lambda _: Answer([lines[0], b"\r\n", *lines[1:]]))

    class Stream(tweepy.StreamingClient):
        def on_data(self, raw_data: bytes) -> None:
            seen.append(json.loads(raw_data)["data"]["id"])

        def on_keep_alive(self) -> None:
            seen.append("beat")

        def on_closed(self, response: requests.Response) -> None:
            assert response.raw.closed
            self.disconnect()

    stream = Stream("bearer", max_retries=0)
    tweepy.streaming.BaseStream._connect(stream, "GET", f"{http_server.url}/stream")
    assert seen == ["0", "beat", "1", "2"]
