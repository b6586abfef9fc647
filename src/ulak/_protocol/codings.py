"""Content codings (RFC 9110, section 8.4): undone as a stream, in bounded memory.

Theory of operation
===================

An *engine* wraps one library's decompressor and answers three questions the
same way for all: does it want input, what comes out for at most so many bytes,
and may the input end here.  A *stage* gives an engine its input in small
slices, so that no library copies a large rest again and again.  The stages of a
chain are pulled, not pushed: the last one asks for at most what the reader
wants, and asks the one before it for a slice only when it has used up its own.
So whatever the input expands to, no more than a slice per stage is in memory
besides what the reader asked for.

Input may also expand to nothing: a coding inside of another can be made of any
number of empty streams or blocks, which a few bytes on the wire stand for.  So a call
ends after so many runs of engines, with what has come out by then, which may be
nothing; whoever asks has a deadline to look at, and others to give a turn, before
asking again.

How strict: a stream that ends early is an error, for each coding.  Bytes after
a gzip or deflate stream that do not begin another gzip member are ignored, as
browsers do; after br and zstd they are an error.  ``deflate`` is zlib's format,
or the raw one that some servers send (RFC 9110, section 8.4.1.2).  zstd windows
are limited to 8 MiB (RFC 9659).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from .limits import MAX_CODINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from zlib import _Decompress

__all__ = ["Decoder", "DecodingError", "decoder_for", "supported"]

#: Bytes of input that a decompressor is given at a time.
_SLICE: Final = 16 * 1024

#: Runs of engines in one call of a decoder.  One that gives nothing takes up to 50 µs.
_MOST_RUNS: Final = 128

#: Bytes of output that are asked for at a time when there is no limit.
_STEP: Final = 256 * 1024

#: Of gzip and deflate, how many slices of input are kept to be gone over again, and about
#: how many bytes of output they may give.
_KEPT: Final = 8
_KEPT_OUTPUT: Final = 1024 * 1024

#: Bytes that brotli is asked for at a time: it may give 32 KiB more.
_BROTLI_STEP: Final = 16 * 1024

#: Most bytes of a zstd frame's magic number and header (RFC 8878, section 3.1.1.1).
_ZSTD_HEADER: Final = 18

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"


class DecodingError(Exception):
    """The body is not what its Content-Encoding says, or is cut off."""

    #: What the call that failed had decoded before.  Of gzip and deflate that is all that
    #: comes before the fault, however the input was cut; the libraries of br and zstd
    #: keep to themselves what they had decoded of the slice with the fault.
    decoded: bytes = b""


class Decoder(Protocol):
    """Undoes the content codings of one body.

    The methods are those of urllib3's decoders.  Not safe for concurrent use.
    """

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take in ``data`` and return what comes out, at most ``max_length`` bytes of it.

        The rest stays where it is until the next call, which may bring no data.  It may be
        none that is returned while there is a rest, where much had to be done for nothing.
        A negative ``max_length`` means all of it, however much that is.

        :raises DecodingError: the data is not of the coding.
        """
        ...

    @property
    def has_unconsumed_tail(self) -> bool:
        """More may come out of ``decompress(b"", n)``; without input left, none can."""
        ...

    def flush(self) -> bytes:
        """Return what is left, of any size, at the end of the input.

        :raises DecodingError: the body ends in the middle of a stream.  A body
            without a byte is whole.
        """
        ...


def supported() -> tuple[str, ...]:
    """Return the codings that can be undone here, as Accept-Encoding names them."""
    brotli = ("br",) if _brotli() is not None else ()
    zstd = ("zstd",) if _zstd() is not None else ()
    return ("gzip", "deflate", *brotli, *zstd)


def decoder_for(content_encoding: str) -> Decoder | None:
    """Return a decoder for a Content-Encoding, or ``None`` to leave the body as it is.

    That is so for ``identity``, for no coding at all, and where one of the
    codings is not supported.

    :raises DecodingError: there are more than five codings.
    """
    names = [name for part in content_encoding.split(",") if (name := part.strip(" \t").lower())]
    if len(names) > MAX_CODINGS:
        raise DecodingError(f"The body has more than {MAX_CODINGS} content codings.")
    engines = [_engine(name) for name in names if name != "identity"]
    stages: list[_Stage] = []
    effort = _Effort()
    for engine in reversed(engines):
        if engine is None:
            return None
        stages.append(_Stage(engine, stages[-1] if stages else None, effort))
    return _Chain(stages, effort) if stages else None


class _Engine(Protocol):
    """One coding.  ``name`` is for messages."""

    name: str

    #: It can give nothing more without input.
    needs_input: bool

    def run(self, data: bytes, limit: int) -> bytes:
        """Return at most ``limit`` bytes, 1 or more; ``data`` only if it needs input."""
        ...

    @property
    def whole(self) -> bool:
        """The input may end here."""
        ...


class _Effort:
    """What the stages of a chain may still do in one call: so many runs."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 0


class _Stage:
    """An engine and its input, which comes from the stage before it or from outside."""

    __slots__ = ("_at", "_effort", "_engine", "_failure", "_queue", "_source", "_started")

    def __init__(self, engine: _Engine, source: _Stage | None, effort: _Effort) -> None:
        self._engine = engine
        self._source = source
        self._effort = effort
        self._queue = b""
        self._at = 0
        self._started = False
        self._failure: DecodingError | None = None  # of the stage before, not yet raised

    def push(self, data: bytes) -> None:
        self._queue = self._queue[self._at :] + data if self.pending else data
        self._at = 0

    def pull(self, limit: int) -> bytes:
        """Return at most ``limit`` bytes; none means that no input is left, or no effort."""
        engine, effort = self._engine, self._effort
        while effort.left > 0:
            data = b""
            if engine.needs_input:
                data = self._next_slice()
                if not data:
                    return b""
                self._started = True
            effort.left -= 1
            output = engine.run(data, limit)
            if output:
                return output
        return b""

    def _next_slice(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        if self._source is not None:
            try:
                return self._source.pull(_SLICE)
            except DecodingError as exc:
                data, exc.decoded = exc.decoded, b""
                if not data:
                    raise
                self._failure = exc.with_traceback(None)  # which holds this stage
                return data
        at = self._at
        self._at = end = min(at + _SLICE, len(self._queue))
        if at == 0 and end == len(self._queue):
            data, self._queue, self._at = self._queue, b"", 0
            return data
        return self._queue[at:end]

    @property
    def pending(self) -> bool:
        if self._failure is not None:
            return True
        return self._at < len(self._queue) or not self._engine.needs_input

    def check_end(self) -> None:
        if self._started and not self._engine.whole:
            raise DecodingError(f"The body ends in the middle of its {self._engine.name} stream.")


class _Chain:
    """A :class:`Decoder` of one stage or more, in the order in which they are undone."""

    __slots__ = ("_effort", "_stages")

    def __init__(self, stages: list[_Stage], effort: _Effort) -> None:
        self._stages = stages
        self._effort = effort

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if data:
            self._stages[0].push(data)
        pull = self._stages[-1].pull
        effort = self._effort
        effort.left = _MOST_RUNS
        pieces = []
        left = max_length
        try:
            while left != 0:
                piece = pull(_STEP if left < 0 else min(left, _STEP))
                if not piece:
                    if left < 0 and effort.left == 0:
                        effort.left = _MOST_RUNS
                        continue
                    break
                pieces.append(piece)
                if left > 0:
                    left -= len(piece)
        except DecodingError as exc:
            exc.decoded = b"".join([*pieces, exc.decoded])
            raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def has_unconsumed_tail(self) -> bool:
        return any(stage.pending for stage in self._stages)

    def flush(self) -> bytes:
        rest = self.decompress(b"")
        try:
            for stage in self._stages:
                stage.check_end()
        except DecodingError as exc:
            exc.decoded = rest
            raise
        return rest


# ---------------------------------------------------------------- engines


class _Zlib:
    """gzip (RFC 1952), of any number of members, and deflate (RFC 1950, or 1951 alone).

    zlib drops what it has decoded in a call that meets a fault.  So the last slices of input
    are kept, with a copy of the state before them, to go over the last one again up to the
    fault.  To copy the state for each slice would take long beside undoing it.
    """

    __slots__ = (
        "_before",
        "_error",
        "_given",
        "_inputs",
        "_members",
        "_new",
        "_object",
        "_tail",
        "_wbits",
        "name",
        "needs_input",
    )

    def __init__(self, name: str) -> None:
        import zlib

        self.name = name
        self.needs_input = True
        self._error = zlib.error
        self._new = zlib.decompressobj
        self._object: _Decompress | None = None
        self._members = 0  # those that are complete; -1 once the rest is ignored
        self._tail = b""
        self._wbits = 0
        self._inputs: list[bytes] = []  # the last of the stream
        self._before: _Decompress | None = None  # that; None where it begins the stream
        self._given = 0  # bytes that came out of them

    @property
    def whole(self) -> bool:
        return self._object is None and not self._tail

    def run(self, data: bytes, limit: int) -> bytes:
        current = self._object
        new = data
        data = self._tail + data if self._tail else data
        if current is None:
            current = self._object = self._begin(data)
            if current is None:
                self.needs_input = True
                return b""
            self._before, self._inputs, self._given = None, [data], 0
        elif self._given > _KEPT_OUTPUT or (new and len(self._inputs) == _KEPT):
            self._before, self._inputs, self._given = current.copy(), [data], 0
        elif new:
            self._inputs.append(new)
        try:
            output = current.decompress(data, limit)
        except self._error as error:
            failure = DecodingError(f"The body is not of the coding {self.name}: {error}.")
            failure.decoded = self._up_to_the_fault()
            raise failure from error
        self._given += len(output)
        if current.eof:
            self._tail = current.unused_data
            self._object = None
            self._members += 1
            self.needs_input = not self._tail
        else:
            self._tail = current.unconsumed_tail
            # At the limit, more may be waiting inside although all input is used.
            self.needs_input = not self._tail and len(output) < limit
        return output

    def _up_to_the_fault(self) -> bytes:
        """What the last input gives before its fault, without what was given of it.

        That is no more than was asked for, since the fault was met on the way there.
        """
        *earlier, last = self._inputs
        state = self._new(self._wbits) if self._before is None else self._before
        given = self._given
        for data in earlier:
            _, given = _go_over(state, data, given)
        output = bytearray()
        at, step = 0, len(last)
        while step and at < len(last):  # each byte alone would take long where it gives much
            ahead = state.copy()
            try:
                piece, left = _go_over(ahead, last[at : at + step], given)
            except self._error:
                step //= 2
                continue
            output += piece
            state, given, at = ahead, left, at + step
        with suppress(self._error):  # of the byte with the fault, too
            data = last[at : at + 1]
            while piece := state.decompress(data, 1):
                output += piece[given:]
                given = max(0, given - 1)
                data = state.unconsumed_tail
        return bytes(output)

    def _begin(self, data: bytes) -> _Decompress | None:
        """Begin a stream with its first bytes; ``None`` means to wait for more, or for nothing."""
        if self.name == "gzip":
            if self._members == 0 or (self._members > 0 and data.startswith(_GZIP_MAGIC)):
                self._wbits = 31
                return self._new(31)
            if self._members > 0 and _GZIP_MAGIC.startswith(data):
                self._tail = data
                return None
        elif self._members == 0:
            # RFC 1950: the low half of the first byte is 8.  A raw stream cannot begin so,
            # unless its padding were not zero.
            self._wbits = 15 if data[0] & 15 == 8 else -15
            return self._new(self._wbits)
        self._members = -1
        self._tail = b""
        return None


def _go_over(state: _Decompress, data: bytes, given: int) -> tuple[bytes, int]:
    """Let zlib undo ``data`` again, of which the first ``given`` bytes were handed out.

    :returns: what comes after those, and how many of them are still to come.
    :raises zlib.error: there is a fault in it.
    """
    output = bytearray()
    while piece := state.decompress(data, _STEP):
        output += piece[given:]
        given = max(0, given - len(piece))
        data = state.unconsumed_tail
    return bytes(output), given


class _Brotli:
    """br (RFC 7932)."""

    __slots__ = ("_at", "_object", "_ready", "name", "needs_input")

    def __init__(self, new: Callable[[], Any]) -> None:
        self.name = "br"
        self.needs_input = True
        self._object = new()
        self._ready = b""  # the library gives more than it is asked for
        self._at = 0

    @property
    def whole(self) -> bool:
        return bool(self._object.is_finished()) and self.needs_input

    def run(self, data: bytes, limit: int) -> bytes:
        if self._at >= len(self._ready):
            self._ready = self._process(data)
            self._at = 0
        output = self._ready[self._at : self._at + limit]
        self._at += len(output)
        # As long as something comes out, there may be more inside.
        self.needs_input = not output
        return output

    def _process(self, data: bytes) -> bytes:
        if not data and self._object.is_finished():
            return b""
        try:
            output: bytes = self._object.process(data, output_buffer_limit=_BROTLI_STEP)
        except Exception as error:  # the package's own class, a child of Exception alone
            raise DecodingError(f"The body is not of the coding br: {error}.") from error
        return output


class _Zstd:
    """zstd (RFC 8878), of any number of frames.

    A frame that comes at once, with room for all of its output, is looked at more closely
    by the library than one in pieces.  So that it makes no difference how it comes, its
    first byte goes in alone; and what is lost by that, whether a frame has as many bytes
    as its header announces, is seen to here.
    """

    __slots__ = (
        "_error",
        "_head",
        "_info",
        "_new",
        "_object",
        "_size",
        "_tail",
        "name",
        "needs_input",
    )

    def __init__(self, module: Any) -> None:
        # RFC 9659: 8 MiB is what a decoder must allow, and need not exceed.
        options = {module.DecompressionParameter.window_log_max: 23}
        self.name = "zstd"
        self.needs_input = True
        self._error = module.ZstdError
        self._new: Callable[[], Any] = lambda: module.ZstdDecompressor(options=options)
        self._info: Callable[[bytes], Any] = module.get_frame_info
        self._object: Any = None
        self._tail = b""
        self._head = b""  # of the frame, as much as its header may take
        self._size = 0  # of what came out of the frame

    @property
    def whole(self) -> bool:
        return self._object is None and not self._tail

    def run(self, data: bytes, limit: int) -> bytes:
        began = self._object is None
        if began:
            data = self._tail + data if self._tail else data
            self._tail = self._head = b""
            self._size = 0
            self._object = self._new()
        if len(self._head) < _ZSTD_HEADER:
            self._head += data[: _ZSTD_HEADER - len(self._head)]
        try:
            if began:
                self._object.decompress(data[:1], 1)
                data = data[1:]
            output: bytes = self._object.decompress(data, limit)
        except self._error as error:
            raise DecodingError(f"The body is not of the coding zstd: {error}.") from error
        self._size += len(output)
        if self._object.eof:
            if self._info(self._head).decompressed_size not in (None, self._size):
                raise DecodingError("The body has a zstd frame of another size than it announces.")
            self._tail = self._object.unused_data
            self._object = None
            self.needs_input = not self._tail
        else:
            self.needs_input = self._object.needs_input
        return output


def _engine(name: str) -> _Engine | None:
    if name in {"gzip", "x-gzip"}:
        return _Zlib("gzip")
    if name == "deflate":
        return _Zlib("deflate")
    if name == "br" and (brotli := _brotli()) is not None:
        return _Brotli(brotli.Decompressor)
    if name == "zstd" and (zstd := _zstd()) is not None:
        return _Zstd(zstd)
    return None


@cache
def _brotli() -> Any:
    """Return the brotli package, or ``None``.  Before 1.2 it could not bound its output."""
    for name in ("brotli", "brotlicffi"):
        try:
            module = import_module(name)
        except ImportError:
            continue
        if tuple(int(part) for part in module.__version__.split(".")[:2]) >= (1, 2):
            return module
    return None


@cache
def _zstd() -> Any:
    """Return the standard library's zstd, its backport, or ``None``."""
    try:
        return import_module(
            "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        )
    except ImportError:
        return None
