"""What a conversation refuses for the sake of its caller: large bodies, plain HTTP, addresses.

Decides for every hop, attempt and round, before anything is sent.  The address policy
itself is kept below, where addresses are dialled; here it is handed to the request,
and adapters that would not keep it are turned away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _urls
from .._errors import about
from .._types import UNSET
from ..exceptions import HTTPSRequired, InvalidOption

if TYPE_CHECKING:
    from .._addresses import AddressPolicy
    from .._response import BaseResponse
    from ..models import PreparedRequest

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
    def of(cls, session: Any, options: dict[str, Any]) -> Guards | None:
        """The guards that hold; ``None`` when none is set, and none is lifted.

        :param session: whose attributes hold where the call says nothing.
        :param options: the call's keywords; the guards are taken out.
        :raises InvalidOption: when one makes no sense.
        """
        given = {name: options.pop(name) for name in GUARDS if name in options}
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
            return None
        return cls(size, https_only, policy, given)

    def bind(self, request: PreparedRequest) -> PreparedRequest:
        """``request``, or a copy of it, that carries the address policy to the adapter."""
        if self.address_policy is None or request._address_policy == self.address_policy:
            return request
        bound = request.copy()
        bound._address_policy = self.address_policy
        return bound

    def check(self, request: PreparedRequest, adapter: Any) -> None:
        """See that ``request`` may be sent through ``adapter``.

        :raises HTTPSRequired: when it would not be over TLS to its origin.
        :raises InvalidOption: when the adapter does not keep the address policy.
        """
        url = request.url or ""
        if self.https_only and url[:6].lower() != "https:":
            raise HTTPSRequired(
                f"{about(request)}the URL is not https://, and https_only is set", request=request
            )
        if self.address_policy is None or getattr(adapter, "keeps_address_policy", False):
            return
        raise InvalidOption(
            f"{type(adapter).__name__}, which is mounted for {_urls.redact(url)!r}, does not say "
            "that it keeps the address policy: set its keeps_address_policy if it does",
            request=request,
        )

    def limit(self, response: BaseResponse) -> None:
        """Let reading the body of ``response`` end at ``max_body_size``."""
        if self.max_body_size is not None:
            response._body_limit = self.max_body_size
