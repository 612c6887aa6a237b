# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a signature is: how something that goes wrong with mail is recognised, and what an expert says about it.

Signatures are data. ``recognition.py`` and ``conditions.py`` are the only code that interprets them, so a reader who
wants to know when a finding appears reads its ``Signature``, and nothing else.
"""

from __future__ import annotations

import typing as t

from ..evidence import PHASES

ANY_PHASE = PHASES


class When(t.NamedTuple):
    """Conditions that must hold together; one left out always holds.

    Those of the first group are about one step:

    ``error``        the step ended with an error of one of these kinds (evidence.ERROR_KINDS)
    ``code``         the reply code: ``"554"``, a class of RFC 5321 4.2.1 such as ``"5yz"``, or a regular expression
                     such as ``"50[02]"`` and ``"4(?!21)yz"``, since 421 is about the connection, not the command
    ``enhanced``     the enhanced status code (RFC 3463), ``x`` standing for any class: ``"x.7.1"``
    ``text``         a regular expression, found anywhere in the reply or the error's detail, ignoring case
    ``sent``         a regular expression that the command begins with
    ``slower_than``  seconds that the step took and more
    ``flaws``        one of these flaws is in the reply (dialog.replies)
    ``unsolicited``  True: the server said something before it was asked
    ``pipelined``    True: the command had gone out together with the one before

    Those of the second group are about the whole check:

    ``keyword``      the EHLO list has a keyword that this regular expression matches whole
    ``no_keyword``   there is an EHLO list, and no keyword in it matches
    ``software``     what answers is a product that this regular expression matches (software.py)
    ``facts``        triples (path, relation, value), such as ``("endpoint.port", "is", 465)``; the relations are
                     those of conditions.py, and a fact that was not observed is only ever ``is not``
    """

    error: t.Tuple[str, ...] = ()
    code: str = ""
    enhanced: str = ""
    text: str = ""
    sent: str = ""
    slower_than: t.Optional[float] = None
    flaws: t.Tuple[str, ...] = ()
    unsolicited: bool = False
    pipelined: bool = False
    keyword: str = ""
    no_keyword: str = ""
    software: str = ""
    facts: t.Tuple[t.Tuple[str, str, t.Any], ...] = ()

    @property
    def is_about_a_step(self) -> bool:
        return any(self[: self._fields.index("keyword")])


class Signature(t.NamedTuple):
    """One entry of the catalogue.

    ``phases``     where it can show
    ``when``       alternatives: one of them is enough
    ``verdict``    what a check with this finding comes to, at best (verdicts.VERDICTS)
    ``owner``      who must fix it (verdicts.OWNERS)
    ``title``, ``meaning``, ``next_step``: sentences that may hold the {words} of wording.words()
    ``reference``  the document that says so
    ``explains``   ids of findings that are mere consequences: they are left out beside this one
    ``spoils``     whether everything that shows from its phase on is one: the dialog has lost its thread
    ``breaks_off`` the phase in which the dialog breaks off over this, if the user demands what is missing here: then,
                   and only then, the finding is an error and the check a failure
    """

    id: str
    phases: t.Tuple[str, ...]
    when: t.Tuple[When, ...]
    verdict: str
    severity: str
    confidence: str
    owner: str
    title: str
    meaning: str
    next_step: str
    reference: str
    explains: t.Tuple[str, ...] = ()
    spoils: bool = False
    breaks_off: str = ""

    @property
    def has_words(self) -> bool:
        """Whether its sentences have anything to be filled in."""
        return "{" in self.title or "{" in self.meaning or "{" in self.next_step
