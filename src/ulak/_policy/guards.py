"""What a conversation refuses for the sake of its caller: large bodies, plain HTTP, addresses.

Decides for every hop, attempt and round, before anything is sent.  The guards travel
with the request, so that they hold as well for a copy of it that a hook sends, for the
request after a redirect that is sent by hand, and where a prepared request goes straight
to an adapter.  The address policy itself is kept below, where addresses are dialled;
adapters that would not keep it are turned away here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .. import _urls
from .._errors import about
from .._types import UNSET
from ..exceptions import HTTPSRequired, InvalidOption

if TYPE_CHECKING:
    from .._addresses import AddressPolicy
    from .._response import BaseResponse
    from ..models import PreparedRequest

AnyResponse = TypeVar("AnyResponse", bound="BaseResponse")

__all__ = ["GUARDS", "Guards"]

#: The settings that are guards, of sessions and of calls.
GUARDS = ("max_body_size", "https_only", "address_policy")


class Guards(NamedTuple):
    """The guards of one conversation, of which one is set at least, or lifted by the call."""

    max_body_size: int | None
    https_only: bool
    address_policy: AddressPolicy | None
    #: Those that the call named, for a ``send`` that is called again; a subclass's may
    #: know no others.
    given: dict[str, Any]

    @classmethod
    def of(
        cls, session: Any, options: dict[str, Any], bound: Guards | None = None
    ) -> Guards | None:
        """The guards that hold; ``None`` when none is set, and none is lifted.

        :param session: whose attributes hold where the call says nothing.
        :param options: the call's keywords; the guards are taken out.
        :param bound: those that the request brings: what an earlier call said of it still
            counts, and where ``session`` has none, what the session said that prepared it.
        :raises InvalidOption: when one makes no sense.
        """
        given = {name: options.pop(name) for name in GUARDS if name in options}
        if bound is not None:
            given = {**bound.given, **given}
        if given.get("https_only", UNSET) is None:
            del given["https_only"]
        size, https_only, policy = (given.get(x, getattr(session, x)) for x in GUARDS)
        if size is not None and (type(size) is not int or size < 0):
            raise InvalidOption(f"max_body_size={size!r} should be a number of bytes, or None")
        if not isinstance(https_only, bool):
            raise InvalidOption(f"https_only={https_only!r} should be True or False")
        if policy is not None:
            from .._addresses import AddressPolicy

            if not isinstance(policy, AddressPolicy):
                raise InvalidOption(
                    f"address_policy= should be an ulak.AddressPolicy, not {type(policy).__name__}"
                )
        if size is None and policy is None and not https_only and not given:
            return bound
        return cls(size, https_only, policy, given)

    def bind(self, request: PreparedRequest) -> PreparedRequest:
        """``request``, or a copy of it, that carries the guards wherever it is sent."""
        if request._guards == self:
            return request
        bound = request.copy()
        self.mark(bound)
        return bound

    def mark(self, request: PreparedRequest) -> None:
        """Let ``request``, which is ours, carry the guards."""
        request._guards = self
        request._address_policy = self.address_policy

    def check(self, request: PreparedRequest, adapter: Any) -> None:
        """See that ``request`` may be sent through ``adapter``.

        :raises HTTPSRequired: when it would not be over TLS to its origin.
        :raises InvalidOption: when the adapter does not keep the address policy.
        """
        self.check_scheme(request)
        if self.address_policy is None or getattr(adapter, "keeps_address_policy", False):
            return
        url = _urls.redact(request.url or "")
        raise InvalidOption(
            f"{type(adapter).__name__}, which is mounted for {url!r}, does not say "
            "that it keeps the address policy: set its keeps_address_policy if it does",
            request=request,
        )

    def check_scheme(self, request: PreparedRequest) -> None:
        """See that ``request`` goes over TLS, where it has to.

        :raises HTTPSRequired: when it would not.
        """
        if self.https_only and (request.url or "")[:6].lower() != "https:":
            raise HTTPSRequired(
                f"{about(request)}the URL is not https://, and https_only is set", request=request
            )

    def limited(self, response: AnyResponse) -> AnyResponse:
        """``response``, of an adapter, with :meth:`limit`."""
        self.limit(response)
        return response

    def limit(self, response: BaseResponse) -> None:
        """Let reading the body of ``response`` end at ``max_body_size``."""
        if self.max_body_size is not None:
            response._body_limit = self.max_body_size
