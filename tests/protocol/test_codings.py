"""Undoing content codings: right, in bounded memory, and never half."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import product

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ulak._protocol.codings import Decoder, DecodingError, decoder_for, supported

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from backports import zstd


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
#: The same, and the other forms that some of them have.
FORMS = [*ENCODERS.items(), ("deflate", raw_deflate), ("x-gzip", gzip.compress)]
TEXT = b"".join(b"%d is a number and %d its square\n" % (n, n * n) for n in range(3000))
forms = pytest.mark.parametrize(("coding", "encode"), FORMS)


def decoder(content_encoding: str) -> Decoder:
    found = decoder_for(content_encoding)
    assert found is not None
    return found


def decode(content_encoding: str, data: bytes, *, step: int = 1 << 20, limit: int = -1) -> bytes:
    """Decode in pieces of ``step`` bytes, taking out at most ``limit`` at a time."""
    undo = decoder(content_encoding)
    output = []
    for at in range(0, len(data), step):
        output.append(undo.decompress(data[at : at + step], limit))
        while undo.has_unconsumed_tail:
            output.append(undo.decompress(b"", limit))
    assert limit < 0 or all(len(piece) <= limit for piece in output)
    return b"".join(output) + undo.flush()


def encode_all(codings: tuple[str, ...], data: bytes) -> bytes:
    for coding in codings:
        data = ENCODERS[coding](data)
    return data


@forms
@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
@pytest.mark.parametrize("limit", [-1, 7, 4096])
def test_what_was_encoded_is_decoded(
    coding: str, encode: Callable[[bytes], bytes], step: int, limit: int
) -> None:
    assert decode(coding, encode(TEXT), step=step, limit=limit) == TEXT


@forms
def test_nothing_encoded_is_nothing(coding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode(coding, encode(b"")) == b""


@forms
def test_an_empty_body_is_whole(coding: str, encode: Callable[[bytes], bytes]) -> None:
    undo = decoder(coding)
    assert undo.decompress(b"") == b""
    assert not undo.has_unconsumed_tail
    assert undo.flush() == b""


@forms
def test_every_truncation_is_an_error(coding: str, encode: Callable[[bytes], bytes]) -> None:
    data = encode(b"some text, some text" * 3)
    for at in range(1, len(data)):
        undo = decoder(coding)
        with pytest.raises(DecodingError):
            undo.decompress(data[:at])
            undo.flush()


@forms
def test_what_is_not_of_the_coding_is_an_error(
    coding: str, encode: Callable[[bytes], bytes]
) -> None:
    for data in (b"<html>" * 9, b"\xff" * 60, encode(TEXT)[5:]):
        with pytest.raises(DecodingError):
            decode(coding, data)


@forms
def test_a_wrong_byte_is_noticed_or_harmless(coding: str, encode: Callable[[bytes], bytes]) -> None:
    data = encode(TEXT)
    for at in range(0, len(data), max(1, len(data) // 200)):
        broken = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        try:
            decoded = decode(coding, broken)
        except DecodingError:
            continue
        if coding == "gzip":  # of these only gzip always has a checksum of what is in it
            assert decoded == TEXT, at


@pytest.mark.parametrize("codings", list(product(ENCODERS, repeat=2)))
def test_chains_are_undone_from_the_end(codings: tuple[str, ...]) -> None:
    data = encode_all(codings, TEXT)
    for step, limit in [(1 << 20, -1), (100, 1000), (3, -1)]:
        assert decode(", ".join(codings), data, step=step, limit=limit) == TEXT


@pytest.mark.parametrize("codings", list(product(ENCODERS, repeat=2)))
def test_a_truncated_chain_is_an_error(codings: tuple[str, ...]) -> None:
    data = encode_all(codings, b"text")
    inner = ENCODERS[codings[0]](b"text")
    for broken in (data[:-1], ENCODERS[codings[1]](inner[:-1])):
        with pytest.raises(DecodingError):
            decode(",".join(codings), broken)


def test_names_are_read_generously() -> None:
    data = zlib.compress(gzip.compress(b"a", mtime=0))
    assert decode(" , X-GZip\t,identity,, Deflate,", data) == b"a"


@pytest.mark.parametrize(
    "value",
    ["", " ", ",", "identity", "Identity, identity", "unknown", "gzip, unknown", "aes128gcm"],
)
def test_what_cannot_be_undone_is_left(value: str) -> None:
    assert decoder_for(value) is None


def test_five_codings_are_enough() -> None:
    codings = ("gzip",) * 5
    assert decode(",".join(codings), encode_all(codings, TEXT)) == TEXT
    for value in ("gzip," * 6, "identity, " * 6, "gzip, unknown, a, b, c, d"):
        with pytest.raises(DecodingError, match="more than 5"):
            decoder_for(value)


def test_what_is_supported_is_decoded() -> None:
    assert supported() == ("gzip", "deflate", "br", "zstd")
    assert all(decoder_for(coding) is not None for coding in supported())


@pytest.mark.parametrize("step", [1, 2, 3, 1 << 20])
def test_gzip_members_and_zstd_frames_may_follow_one_another(step: int) -> None:
    for coding in ("gzip", "zstd"):
        data = b"".join(map(ENCODERS[coding], (b"one,", b"", b"two")))
        assert decode(coding, data, step=step) == b"one,two"
        assert decode(coding, data, step=step, limit=2) == b"one,two"


def test_many_members_are_decoded() -> None:
    assert (
        decode("gzip", gzip.compress(b"", mtime=0) * 5000 + gzip.compress(b"end", mtime=0))
        == b"end"
    )
    assert decode("zstd", zstd.compress(b"") * 5000 + zstd.compress(b"end")) == b"end"


@pytest.mark.parametrize("step", [1, 1 << 20])
@pytest.mark.parametrize("garbage", [b"\0" * 600, b"<html>", b"\x1f\x8a\x08", b"\x1f\x8b\x07"])
def test_garbage_after_gzip_and_deflate_is_ignored(garbage: bytes, step: int) -> None:
    assert decode("gzip", gzip.compress(TEXT, mtime=0) + garbage, step=step) == TEXT
    assert decode("deflate", zlib.compress(TEXT) + garbage, step=step) == TEXT
    assert decode("deflate", raw_deflate(TEXT) + garbage, step=step) == TEXT


@pytest.mark.parametrize("coding", ["br", "zstd"])
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_garbage_after_others_is_an_error(coding: str, step: int) -> None:
    with pytest.raises(DecodingError):
        decode(coding, ENCODERS[coding](TEXT) + b"garbage", step=step)


@pytest.mark.parametrize(
    "rest", [b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", gzip.compress(b"a", mtime=0)[:-1]]
)
def test_a_second_member_that_is_cut_is_an_error(rest: bytes) -> None:
    with pytest.raises(DecodingError):
        decode("gzip", gzip.compress(TEXT, mtime=0) + rest)


def test_a_window_of_zstd_may_have_8_mib_and_no_more() -> None:
    def compress(window: int) -> bytes:
        compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window})
        return bytes(compressor.compress(TEXT) + compressor.flush())

    assert decode("zstd", compress(23)) == TEXT
    with pytest.raises(DecodingError):
        decode("zstd", compress(24))


def test_no_bytes_may_be_asked_for() -> None:
    undo = decoder("gzip")
    assert undo.decompress(gzip.compress(b"abc", mtime=0), 0) == b""
    assert undo.has_unconsumed_tail
    assert undo.decompress(b"", 2) == b"ab"
    assert undo.decompress(b"", 2) == b"c"


@pytest.mark.parametrize("coding", ENCODERS)
def test_input_may_come_before_the_tail_is_used(coding: str) -> None:
    undo = decoder(coding)
    data = ENCODERS[coding](TEXT)
    output = b""
    for at in range(0, len(data), 500):
        output += undo.decompress(data[at : at + 500], 10)
    while undo.has_unconsumed_tail:
        output += undo.decompress(b"", 4096)
    assert output + undo.flush() == TEXT


@pytest.mark.parametrize("limit", [1, 1000, -1])
@pytest.mark.parametrize("step", [1, 1000])
def test_a_zstd_frame_has_the_size_that_it_announces(step: int, limit: int) -> None:
    frame = bytes.fromhex("28b52ffd 20 40 010000")  # of 64 bytes, in a last block of none
    decoder = decoder_for("zstd")
    assert decoder is not None
    with pytest.raises(DecodingError):
        for at in range(0, len(frame), step):
            decoder.decompress(frame[at : at + step], limit)


BOMBS = [(coding,) for coding in ENCODERS] + [("gzip", "gzip"), ("br", "br"), ("zstd", "gzip")]


def bytes_and_peak(content_encoding: str, data: bytes, step: int) -> tuple[int, int]:
    """Stream a body; return its size and the most memory that Python held on the way."""
    undo = decoder(content_encoding)
    total = 0
    tracemalloc.start()
    try:
        for at in range(0, len(data), step):
            total += len(undo.decompress(data[at : at + step], 65536))
            while undo.has_unconsumed_tail:
                total += len(undo.decompress(b"", 65536))
        undo.flush()
        return total, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codings", BOMBS)
@pytest.mark.parametrize("together", [True, False])
def test_a_bomb_is_streamed_in_little_memory(codings: tuple[str, ...], together: bool) -> None:
    size = 64 << 20
    bomb = encode_all(codings, bytes(size))
    total, peak = bytes_and_peak(", ".join(codings), bomb, len(bomb) if together else 1000)
    assert total == size
    assert peak < 1 << 20


STREAMING = """
import re, sys
from ulak._protocol.codings import decoder_for

def peak():
    # Not ru_maxrss, which a process inherits from the one that started it.
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024

coding, data = sys.argv[1], sys.stdin.buffer.read()
decoder_for(coding)
before, undo, total = peak(), decoder_for(coding), 0
total += len(undo.decompress(data, 65536))
while undo.has_unconsumed_tail:
    total += len(undo.decompress(b"", 65536))
undo.flush()
print(total, peak() - before)
"""


@pytest.mark.parametrize(
    ("coding", "encode", "most"),
    [
        ("gzip", gzip.compress, 1),
        ("br", lambda data: brotli.compress(data, quality=5, lgwin=16), 1),
        ("br", lambda data: brotli.compress(data, quality=5, lgwin=24), 18),
        ("zstd", lambda data: zstd.compress(data, 19), 10),
    ],
)
def test_a_library_takes_no_more_memory_than_its_window(
    coding: str, encode: Callable[[bytes], bytes], most: int
) -> None:
    """In MiB, for 64 of them; what is written in C, :mod:`tracemalloc` does not see."""
    done = subprocess.run(
        [sys.executable, "-c", STREAMING, coding],
        input=encode(bytes(64 << 20)),
        capture_output=True,
        check=True,
        timeout=50,
    )
    total, growth = map(int, done.stdout.split())
    assert total == 64 << 20
    assert growth < most << 20


def test_what_is_between_the_codings_takes_little_memory_too() -> None:
    bomb = gzip.compress(gzip.compress(b"end", mtime=0) + bytes(64 << 20))
    total, peak = bytes_and_peak("gzip, gzip", bomb, len(bomb))
    assert total == 3
    assert peak < 1 << 20


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("limit", [4096, -1])
def test_much_that_is_nothing_is_done_in_small_parts(coding: str, limit: int) -> None:
    count = 20_000
    streams = ENCODERS[coding](b"") * count + ENCODERS[coding](b"end")
    undo = decoder(f"{coding}, gzip")
    calls, output = 1, undo.decompress(gzip.compress(streams), limit)
    while undo.has_unconsumed_tail:
        assert not output  # and is asked again, by whoever looks at a clock first
        calls, output = calls + 1, undo.decompress(b"", limit)
    assert output + undo.flush() == b"end"
    assert (calls > count / 1000) is (limit > 0)


@forms
def test_a_limit_holds_nothing_back(coding: str, encode: Callable[[bytes], bytes]) -> None:
    limited, unlimited = decoder(coding), decoder(coding)
    for byte in encode(b"ab" * 999):
        out = len(limited.decompress(bytes([byte]), 10))
        while limited.has_unconsumed_tail:
            out += len(limited.decompress(b"", 10))
        assert out == len(unlimited.decompress(bytes([byte])))


def before_the_fault(codings: str, data: bytes, step: int, limit: int) -> tuple[bytes, str]:
    """All that is handed out of ``data``, and what is said of its fault, if it has one."""
    undo, output = decoder(codings), bytearray()
    try:
        for at in range(0, len(data), step):
            output += undo.decompress(data[at : at + step], limit)
            while undo.has_unconsumed_tail:
                output += undo.decompress(b"", limit)
        output += undo.flush()
    except DecodingError as exc:
        assert limit < 0 or len(exc.decoded) <= limit
        return bytes(output + exc.decoded), str(exc)
    return bytes(output), ""


@settings(max_examples=300)
@given(
    st.sampled_from([("gzip",), ("deflate",), ("deflate", "gzip"), ("gzip", "deflate")]),
    st.binary(max_size=300) | st.integers(0, 4000).map(lambda size: TEXT[:size] + bytes(size)),
    st.integers(0, 10_000),
    st.integers(1, 255),
    st.integers(1, 60),
    st.integers(-1, 90).filter(bool),
)
def test_what_comes_before_a_fault_does_not_depend_on_pieces(
    codings: tuple[str, ...], data: bytes, at: int, wrong: int, step: int, limit: int
) -> None:
    broken = bytearray(encode_all(codings, data))
    broken[at % len(broken)] ^= wrong
    name = ", ".join(codings)
    whole = before_the_fault(name, bytes(broken), len(broken), -1)
    assert before_the_fault(name, bytes(broken), step, limit) == whole
    assert before_the_fault(name, bytes(broken), 1, -1) == whole


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_comes_before_a_fault_in_much_that_little_stands_for(coding: str) -> None:
    data = TEXT + bytes(3_000_000) + TEXT + bytes(2_000_000)
    coded = ENCODERS[coding](data)
    for at in (len(coded) // 4, len(coded) // 2, len(coded) - 5):
        broken = coded[:at] + bytes([coded[at] ^ 0xFF]) + coded[at + 1 :]
        whole = before_the_fault(coding, broken, len(broken), -1)
        assert whole[1]
        assert data.startswith(whole[0][:at])
        for step, limit in ((len(broken), 9999), (700, 9999), (16, -1), (1, 300_000)):
            assert before_the_fault(coding, broken, step, limit) == whole


def test_a_wrong_checksum_costs_nothing_of_what_is_before_it() -> None:
    for coding in ("gzip", "deflate"):
        broken = bytearray(ENCODERS[coding](TEXT))
        broken[-6 if coding == "gzip" else -1] ^= 1
        decoded, fault = before_the_fault(coding, bytes(broken), len(broken), -1)
        assert decoded == TEXT
        assert fault


def test_an_error_is_the_end_of_a_chain_of_causes() -> None:
    with pytest.raises(DecodingError, match="gzip") as caught:
        decode("gzip", b"plain text")
    assert isinstance(caught.value.__cause__, zlib.error)


@settings(max_examples=50)
@given(
    st.sampled_from(list(ENCODERS)),
    st.binary(max_size=300),
    st.integers(1, 40),
    st.integers(-1, 50).filter(bool),
)
def test_any_bytes_come_back(coding: str, data: bytes, step: int, limit: int) -> None:
    assert decode(coding, ENCODERS[coding](data), step=step, limit=limit) == data


@settings(max_examples=200)
@given(st.sampled_from(list(ENCODERS)), st.binary(max_size=80), st.integers(1, 30))
def test_any_garbage_is_decoded_or_an_error(coding: str, data: bytes, step: int) -> None:
    try:
        decode(coding, data, step=step, limit=1000)
    except DecodingError:
        return
