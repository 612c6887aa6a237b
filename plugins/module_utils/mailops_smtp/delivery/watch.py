# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Looks into many mailboxes at the same time, each over one connection of its own, until nothing is left to come.

One thread for each mailbox: waiting for mail is what they do, and the libraries below know no other way to wait.
"""

from __future__ import annotations

import threading
import time
import typing as t

from ..evidence import printable
from ..plan.mailboxes import Access
from .mail import Mail, Mailbox, MailboxError
from .pausing import pause
from .recognition import recognise
from .sent import Sent
from .situation import Sighting

# How soon a watcher notices that it is to stop.
_ATTENTION_SECONDS = 0.5
# A last look and a log-out; servers that do not answer are given up by their own time limit.
_JOIN_SECONDS = 90.0


class Watcher:
    """One mailbox: what was seen in it, and what went wrong with it."""

    def __init__(self, access: Access, mailbox: Mailbox, everything: t.Sequence[Sent], watch: Watch) -> None:
        self.access = access
        self.mailbox = mailbox
        self.sightings: t.List[Sighting] = []
        self.error: t.Optional[MailboxError] = None
        self.looks = 0
        self.cleaned = False
        self.removed: t.Set[t.Tuple[str, str]] = set()
        self._everything = everything
        self._words = [word for sent in everything for word in sent.words]
        self._watch = watch

    def run(self) -> None:
        watch = self._watch
        try:
            self.mailbox.open()
            while True:
                self._look()
                watch.stir()
                if watch.ending.is_set():
                    break
                self.mailbox.wait(watch.poll_interval, watch.ending.is_set)
            if watch.interrupted:
                return
            self._look()
            if not self.mailbox.folder_names:
                raise self.mailbox.problems[0]
            if watch.cleanup:
                self._clean_up()
        except MailboxError as error:
            self.error = error
        finally:
            self.mailbox.close()
            watch.stir()

    def _look(self) -> None:
        first = self.looks == 0
        for mail in self.mailbox.look(self._words):
            for found in recognise(mail.content, self._everything):
                # What was recognised does not need its text any more.
                kept = mail._replace(content=b"")
                self.sightings.append(Sighting(self.access, kept, time.time(), not first, found))
        self.looks += 1

    def _clean_up(self) -> None:
        ours: t.Dict[t.Tuple[str, str], Mail] = {
            (entry.mail.folder, entry.mail.identifier): entry.mail
            for entry in self.sightings
            if entry.recognised.kind in ("message", "report")
        }
        gone = self.mailbox.remove(list(ours.values())) if ours else []
        self.removed = {(printable(mail.folder), printable(mail.identifier)) for mail in gone}
        self.cleaned = True


class Watch:
    """All mailboxes. ``look`` returns when ``enough`` says so of what was seen so far, or when the time is over."""

    def __init__(
        self,
        mailboxes: t.Sequence[t.Tuple[Access, Mailbox]],
        everything: t.Sequence[Sent],
        poll_interval: float,
        cleanup: bool,
    ) -> None:
        self.poll_interval = poll_interval
        self.cleanup = cleanup
        self.ending = threading.Event()
        self.interrupted = False
        self._stirred = threading.Condition()
        self._news = 0
        self.watchers = [Watcher(access, mailbox, everything, self) for access, mailbox in mailboxes]
        self._threads = [threading.Thread(target=watcher.run, daemon=True) for watcher in self.watchers]

    @property
    def sightings(self) -> t.List[Sighting]:
        return [entry for watcher in self.watchers for entry in list(watcher.sightings)]

    @property
    def errors(self) -> t.Dict[str, str]:
        return {w.access.name: w.error.detail for w in self.watchers if w.error is not None}

    def stir(self) -> None:
        """A watcher has news, or has ended."""
        with self._stirred:
            self._news += 1
            self._stirred.notify_all()

    def look(self, enough: t.Callable[[], bool], seconds: float, linger: float) -> None:
        """Look until ``enough``, and then ``linger`` more; at most ``seconds``. Every mailbox is looked into once."""
        for thread in self._threads:
            thread.start()
        over = time.monotonic() + seconds
        try:
            while True:
                with self._stirred:
                    news = self._news
                all_looked = all(watcher.looks or watcher.error for watcher in self.watchers)
                nobody_left = not any(thread.is_alive() for thread in self._threads)
                if nobody_left or (all_looked and (time.monotonic() >= over or enough())):
                    break
                with self._stirred:
                    if self._news == news:
                        self._stirred.wait(_ATTENTION_SECONDS)
            self._linger(linger, over)
        except BaseException:
            # Ctrl-C: each takes leave of its server, and removes nothing any more.
            self.interrupted = True
            raise
        finally:
            self.ending.set()
            for thread in self._threads:
                thread.join(_JOIN_SECONDS)

    def _linger(self, seconds: float, over: float) -> None:
        pause(min(seconds, over - time.monotonic()), lambda: not any(thread.is_alive() for thread in self._threads))
