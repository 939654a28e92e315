"""A headless Chromium for tests of the pages we write, driven over its DevTools protocol."""

import asyncio
import base64
import itertools
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
PATIENCE = 30.0


def find_chromium() -> str | None:
    """Find a Chromium or Chrome on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One browser with one page; what the page's console says is in `messages`.

    with Chromium(tmp_path / "profile") as browser:
        browser.open(page)
        assert browser.run("document.title") == "..."
    """

    def __init__(self, profile: Path, width: int = 1280, height: int = 900) -> None:
        self.profile = profile
        self.size = (width, height)
        self.messages: list[str] = []
        self.requested: list[str] = []
        self._numbers = itertools.count(1)
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> "Chromium":
        binary = find_chromium()
        assert binary is not None
        self.profile.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [binary, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._loop.run_until_complete(self._connect())
        except BaseException:
            self._process.kill()
            raise
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(*self.size)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def _connect(self) -> None:
        port_file = self.profile / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE
        while not (port_file.exists() and port_file.read_text().count("\n")):
            assert time.monotonic() < end, "Chromium did not start"
            assert self._process.poll() is None, "Chromium ended at once"
            await asyncio.sleep(0.05)
        port = port_file.read_text().split("\n")[0]
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            [target] = [t for t in await answer.json() if t["type"] == "page"]
        self._socket = await self._session.ws_connect(
            target["webSocketDebuggerUrl"], max_msg_size=0
        )

    def call(self, method: str, **parameters: Any) -> Any:
        """Send one command and wait for its result; events on the way are noted."""
        number = next(self._numbers)

        async def exchange() -> Any:
            message = {"id": number, "method": method, "params": parameters}
            await self._socket.send_json(message)
            while True:
                answer = await self._socket.receive_json(timeout=PATIENCE)
                if answer.get("id") == number:
                    assert "error" not in answer, answer["error"]
                    return answer["result"]
                self._note(answer)

        return self._loop.run_until_complete(exchange())

    def _note(self, event: dict[str, Any]) -> None:
        details = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            self.messages.append(str(details["exceptionDetails"]))
        elif event["method"] == "Runtime.consoleAPICalled":
            self.messages.append(str(details["args"]))
        elif event["method"] == "Log.entryAdded":
            self.messages.append(details["entry"]["text"])
        elif event["method"] == "Network.requestWillBeSent":
            self.requested.append(details["request"]["url"])

    def open(self, page: Path) -> None:
        """Open a file and wait until it has loaded and its script has run."""
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")

    def wait_for(self, condition: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.run(condition):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.02)

    def run(self, script: str) -> Any:
        """Evaluate an expression on the page and give back its value."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def prefer(self, scheme: str) -> None:
        """Set the theme that the system asks for: light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def screenshot(self, path: Path) -> None:
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))
