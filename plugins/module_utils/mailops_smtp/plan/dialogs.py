# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is to be said in one conversation."""

from __future__ import annotations

import typing as t

from ..dialog import commands
from ..dialog.wanted import ASKED_WITH, used
from .addresses import host_name
from .client_attributes import read_client_attributes
from .envelopes import read_envelope, read_further_envelopes
from .extras import read_extras
from .messages import NOT_TEXT, composed
from .options import STOP_AFTER, OptionError, require_valid
from .records import Auth, Dialog, Recipient

# Where the use of an extension shows; that of all others in MAIL FROM.
_PHASES = {"AUTH": "auth", "XCLIENT": "xclient", "XFORWARD": "xforward"}


def read_auth(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[Auth]:
    given = options["auth"]
    if given is None:
        return None
    username, password, mechanism = given["username"], given["password"], given["mechanism"]
    if password is None and mechanism != "EXTERNAL":
        raise OptionError(f"{prefix}auth.password", None, "is missing", "give it; only mechanism EXTERNAL has none")
    if mechanism is not None and mechanism.endswith("-PLUS") and options["starttls"] == "never":
        raise OptionError(
            f"{prefix}auth.mechanism", mechanism, "binds the log-in to TLS, which starttls: never rules out", "use TLS"
        )
    if NOT_TEXT.search(username):
        raise OptionError(f"{prefix}auth.username", username, "contains a NUL or a lone surrogate", "leave it out")
    if NOT_TEXT.search(password or ""):
        raise OptionError(f"{prefix}auth.password", "(hidden)", "contains a NUL or a lone surrogate", "leave it out")
    flags = {name: given[name] for name in ("allow_clear_text", "required", "initial_response")}
    return Auth(username, password or "", mechanism, **flags)


def read_dialog(options: t.Mapping[str, t.Any], auth: t.Optional[Auth], prefix: str, default_helo_name: str) -> Dialog:
    helo_name = options["helo_name"] or default_helo_name
    if not helo_name.isascii():
        # RFC 6531 3.7.1: the argument of EHLO is ASCII in any case.
        helo_name = host_name(f"{prefix}helo_name", helo_name)
    require_valid(f"{prefix}helo_name", helo_name, commands.check_hello_name, "give the vantage's own host name")
    envelope = read_envelope(options, prefix)
    stop_after = _stop_after(options, envelope.recipients, prefix)
    dialog = Dialog(
        protocol=options["protocol"],
        hello=_hello(options, prefix),
        helo_name=helo_name,
        starttls=_starttls(options, prefix),
        auth=auth,
        envelope=envelope,
        further_envelopes=read_further_envelopes(options, stop_after, prefix),
        stop_after=stop_after,
        leave=_leave(options, prefix),
        extra=read_extras(options, stop_after, prefix),
        pipelining=_pipelining(options, prefix),
        force=tuple(options["force"] or ()),
        xclient=read_client_attributes(options, "xclient", prefix),
        xforward=read_client_attributes(options, "xforward", prefix),
    )
    _refuse_what_never_happens(composed(dialog, prefix), options, prefix)
    return dialog


def _refuse_what_never_happens(dialog: Dialog, options: t.Mapping[str, t.Any], prefix: str) -> None:
    """What was asked for and has no effect would be taken for tested."""
    if dialog.leave == "drop_after_send" and not _says_something_last(dialog):
        remedy = "stop where something is said, or leave: drop"
        problem = f"has nothing to send in the last phase, {dialog.stop_after}"
        raise OptionError(f"{prefix}leave", dialog.leave, problem, remedy)
    useful = used(dialog)
    for keyword in dialog.force:
        if keyword not in useful:
            remedy = f"give {ASKED_WITH[keyword]}, or drop it"
            raise OptionError(f"{prefix}force", keyword, "is not made use of", remedy)
    for keyword in useful:
        option = ASKED_WITH[keyword]
        if dialog.hello == "helo" and keyword not in (*dialog.force, "AUTH", "SIZE"):
            raise OptionError(f"{prefix}hello", "helo", f"rules out {option}, an extension", "use ehlo, or drop it")
        # Whoever names the last phase himself wants the rest left out.
        phase = _PHASES.get(keyword, "mail")
        if options["stop_after"] is None and STOP_AFTER.index(dialog.stop_after) < STOP_AFTER.index(phase):
            raise OptionError(
                f"{prefix}{option}", options[option], "has no MAIL FROM to go with", "give sender or recipient"
            )


def _says_something_last(dialog: Dialog) -> bool:
    """Whether the phase to stop after has a command, as far as that is not the server's to decide."""
    phase, message = dialog.stop_after, dialog.envelope.message
    if phase in ("xclient", "auth", "xforward"):
        return bool(getattr(dialog, phase))
    if phase == "starttls":
        return dialog.starttls != "never"
    if phase == "data" and message is not None and message.transfer == "bdat":
        # RFC 3030: a message of one chunk has no other before the last.
        return 0 < (message.chunk_size or 0) < message.size
    return True


def _hello(options: t.Mapping[str, t.Any], prefix: str) -> str:
    hello: str = options["hello"]
    if hello == "helo":
        needed = ["auth"] if options["auth"] is not None and "AUTH" not in (options["force"] or ()) else []
        if options["starttls"] in ("required", "probe"):
            needed.append(f"starttls: {options['starttls']}")
        if needed:
            raise OptionError(f"{prefix}hello", "helo", f"rules out {needed[0]}, an extension", "use ehlo, or drop it")
        if options["protocol"] == "lmtp":
            raise OptionError(f"{prefix}hello", "helo", "is not known to LMTP", "leave it out: LMTP uses LHLO")
    return hello


def _starttls(options: t.Mapping[str, t.Any], prefix: str) -> str:
    given: t.Optional[str] = options["starttls"]
    if options["protocol"] == "smtps":
        if given is not None:
            raise OptionError(
                f"{prefix}starttls", given, "does not go with smtps, which is TLS from the start", "drop it"
            )
        return "never"
    tls = {name: value for name, value in (options["tls"] or {}).items() if value is not None}
    if given == "never" and _require_tls(options) and "REQUIRETLS" not in (options["force"] or ()):
        # RFC 8689 2
        raise OptionError(f"{prefix}requiretls", True, "needs TLS, which starttls: never rules out", "use TLS")
    for option, value in (("starttls", "never"), ("hello", "helo")):
        if tls and options[option] == value:
            raise OptionError(f"{prefix}tls", tls, f"has no effect with {option}: {value}", "drop one of the two")
    return given or "optional"


def _require_tls(options: t.Mapping[str, t.Any]) -> bool:
    return any(entry.get("requiretls") for entry in (options, *(options["transactions"] or ())))


def _stop_after(options: t.Mapping[str, t.Any], recipients: t.Sequence[Recipient], prefix: str) -> str:
    """The phase to end with: the given one, or the last one for which there is something to say."""
    last = "auth"
    if options["xforward"] is not None:
        last = "xforward"
    if options["sender"] is not None:
        last = "mail"
    if recipients:
        last = "rcpt"
    if options["test_message"] is not None:
        last = "message"
    given: t.Optional[str] = options["stop_after"]
    if given is None:
        return last
    if given == "starttls" and options["protocol"] == "smtps":
        raise OptionError(
            f"{prefix}stop_after", given, "comes before the banner with smtps", "stop after banner or later"
        )
    wished = {"required": "which is required", "probe": "which is to be probed"}.get(options["starttls"])
    if given in ("banner", "ehlo") and wished:
        raise OptionError(
            f"{prefix}stop_after", given, f"ends before STARTTLS, {wished}", "stop after starttls or later"
        )
    needed = {"rcpt": "recipient", "data": "test_message", "message": "test_message"}.get(given)
    if needed and STOP_AFTER.index(given) > STOP_AFTER.index(last):
        raise OptionError(f"{prefix}stop_after", given, f"cannot be reached without {needed}", f"give {needed}")
    return given


def _leave(options: t.Mapping[str, t.Any], prefix: str) -> str:
    leave: str = options["leave"]
    if leave == "drop_after_send" and options["stop_after"] == "banner":
        raise OptionError(f"{prefix}leave", leave, "has nothing to send before the banner", "stop after ehlo or later")
    return leave


def _pipelining(options: t.Mapping[str, t.Any], prefix: str) -> bool:
    pipelining: bool = options["pipelining"]
    if not pipelining:
        return False
    if options["leave"] == "drop_after_send":
        raise OptionError(f"{prefix}pipelining", True, "leaves no single command to drop after", "drop one of the two")
    inside = [extra["before"] for extra in options["extra"] or () if extra["before"] in ("rcpt", "data", "quit")]
    if inside:
        raise OptionError(
            f"{prefix}pipelining",
            True,
            f"has no room for an extra command before {inside[0]}",
            "drop one of the two",
        )
    return True
