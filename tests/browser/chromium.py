# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, spoken to over two pipes in its DevTools protocol: no driver, no library, no port.

The browser has no network: every name leads to an address that answers nothing, so a page that asks for anything gets
an error, which `errors` has.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

Answer = dict[str, t.Any]

PATIENCE_SECONDS = 120.0


class BrowserError(Exception):
    """What the browser was told to do went wrong."""


def program() -> str | None:
    """The browser's path, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """One browser with one page."""

    def __init__(self, path: str) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._path = path
        self._numbers = itertools.count(1)
        self._received = b""
        self._events: list[Answer] = []

    def __enter__(self) -> Chromium:
        self._profile = tempfile.mkdtemp(prefix="mailops-smtp-chromium-")
        to_browser, self._commands = map(_moved, os.pipe())
        self._answers, from_browser = map(_moved, os.pipe())
        arguments = [
            self._path, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={self._profile}", "about:blank",
        ]  # fmt: skip
        # The protocol's pipes are the descriptors 3 and 4, which Popen itself cannot choose.
        redirected = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", redirected, "chromium", *arguments], pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._session = None
        (target,) = (entry for entry in self._call("Target.getTargets")["targetInfos"] if entry["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Performance.enable", timeDomain="threadTicks")
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        os.close(self._commands)
        os.close(self._answers)
        shutil.rmtree(self._profile, ignore_errors=True)

    def look(self, width: int, height: int, dark: bool = False, medium: str = "screen") -> None:
        """Be a screen of that size, in CSS pixels; or paper."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._call("Emulation.setEmulatedMedia", media=medium, features=scheme)

    def open(self, file: Path) -> float:
        """Open a page, and return after how many seconds it was there and painted."""
        self.errors.clear()
        self.requests.clear()
        self._events.clear()
        began = time.monotonic()
        self._call("Page.navigate", url=file.as_uri())
        self._wait_for("Page.loadEventFired")
        # Two frames later the first has been painted.
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        return time.monotonic() - began

    def work(self) -> float:
        """The seconds that the page's main thread has worked since it was there: those of its own processor time, which
        do not grow while the machine is busy elsewhere."""
        metrics = self._call("Performance.getMetrics")["metrics"]
        return t.cast(float, next(entry["value"] for entry in metrics if entry["name"] == "TaskDuration"))

    def run(self, script: str) -> t.Any:
        """The value of a script, of a promise's when it is there."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self._call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, file: Path, whole: bool = False) -> None:
        """Save a picture of what the screen shows, or of the whole page."""
        clip = {}
        if whole:
            size = self._call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        data = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **clip)["data"]
        file.write_bytes(base64.b64decode(data))

    def print(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(self._call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def _call(self, method: str, **parameters: t.Any) -> Answer:
        number = next(self._numbers)
        message: Answer = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        _write_all(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return t.cast(Answer, answer["result"])
            self._notice(answer)

    def _wait_for(self, event: str) -> None:
        while not any(seen["method"] == event for seen in self._events):
            self._notice(self._next())

    def _notice(self, event: Answer) -> None:
        self._events.append(event)
        parameters = event["params"]
        if event["method"] == "Log.entryAdded":
            self.errors.append(parameters["entry"]["text"])
        elif event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.errors.append(json.dumps(parameters)[:500])
        elif event["method"] == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def _next(self) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._received:
            ready = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))[0]
            octets = os.read(self._answers, 1 << 20) if ready else b""
            if not octets:
                raise BrowserError("Chromium ended." if ready else "Chromium does not answer.")
            self._received += octets
        message, _end, self._received = self._received.partition(b"\0")
        return t.cast(Answer, json.loads(message))


def _moved(descriptor: int) -> int:
    """The descriptor under another number, out of the way of those that the browser wants."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


def _write_all(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]
