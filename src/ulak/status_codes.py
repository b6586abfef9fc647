r"""The names of the status codes: ``codes.not_found == codes["not_found"] == 404``.

The numbers and first names are those of the IANA registry of HTTP status
codes (RFC 9110, section 15, and the RFCs that add to it) and of some servers'
private codes; the further names are those that code written for requests
uses.  Every name exists in upper case too.  Knows nothing of what a status
means to a client.
"""

from __future__ import annotations

from .structures import LookupDict

__all__ = ["codes"]

# One line per code; names are separated by blanks.
_NAMES: dict[int, str] = {
    # Informational
    100: "continue",
    101: "switching_protocols",
    102: "processing early-hints",  # the second is requests' slip; code relies on it
    103: "early_hints checkpoint",
    122: "uri_too_long request_uri_too_long",
    # Successful
    200: "ok okay all_ok all_okay all_good \\o/ ✓",
    201: "created",
    202: "accepted",
    203: "non_authoritative_info non_authoritative_information",
    204: "no_content",
    205: "reset_content reset",
    206: "partial_content partial",
    207: "multi_status multiple_status multi_stati multiple_stati",
    208: "already_reported",
    226: "im_used",
    # Redirection
    300: "multiple_choices",
    301: "moved_permanently moved \\o-",
    302: "found",
    303: "see_other other",
    304: "not_modified",
    305: "use_proxy",
    306: "switch_proxy",
    307: "temporary_redirect temporary_moved temporary",
    308: "permanent_redirect resume_incomplete resume",
    # Client error
    400: "bad_request bad",
    401: "unauthorized",
    402: "payment_required payment",
    403: "forbidden",
    404: "not_found -o-",
    405: "method_not_allowed not_allowed",
    406: "not_acceptable",
    407: "proxy_authentication_required proxy_auth proxy_authentication",
    408: "request_timeout timeout",
    409: "conflict",
    410: "gone",
    411: "length_required",
    412: "precondition_failed precondition",  # as 428, which comes later and has it
    413: "content_too_large request_entity_too_large",
    414: "uri_too_long request_uri_too_large",
    415: "unsupported_media_type unsupported_media media_type",
    416: "range_not_satisfiable requested_range_not_satisfiable requested_range",
    417: "expectation_failed",
    418: "im_a_teapot teapot i_am_a_teapot",
    421: "misdirected_request",
    422: "unprocessable_content unprocessable_entity unprocessable",
    423: "locked",
    424: "failed_dependency dependency",
    425: "too_early unordered_collection unordered",
    426: "upgrade_required upgrade",
    428: "precondition_required precondition",
    429: "too_many_requests too_many",
    431: "request_header_fields_too_large header_fields_too_large fields_too_large",
    444: "no_response none",
    449: "retry_with retry",
    450: "blocked_by_windows_parental_controls parental_controls",
    451: "unavailable_for_legal_reasons legal_reasons",
    499: "client_closed_request",
    # Server error
    500: "internal_server_error server_error /o\\ ✗",
    501: "not_implemented",
    502: "bad_gateway",
    503: "service_unavailable unavailable",
    504: "gateway_timeout",
    505: "http_version_not_supported http_version",
    506: "variant_also_negotiates",
    507: "insufficient_storage",
    508: "loop_detected",
    509: "bandwidth_limit_exceeded bandwidth",
    510: "not_extended",
    511: "network_authentication_required network_auth network_authentication",
}


#: The names of each code; code written for requests reads it under this name.
_codes: dict[int, tuple[str, ...]] = {code: tuple(names.split()) for code, names in _NAMES.items()}


def _lookup() -> LookupDict[int]:
    """The table above as attributes, in both cases."""
    table: LookupDict[int] = LookupDict(name="status_codes")
    for code, names in _codes.items():
        for name in names:
            setattr(table, name, code)
            if name[0] not in "\\/":
                setattr(table, name.upper(), code)
    return table


#: Status codes by name.
codes: LookupDict[int] = _lookup()
