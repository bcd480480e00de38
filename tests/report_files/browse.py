"""Opens a page in headless Chromium, does what people do, and prints as JSON what came of it.

Usage: browse.py PAGE DIRECTORY. Over the debugging pipe: no port, no driver. Exit code 77 if there is no Chromium, or none that
opens an empty page: then nothing is known of ours.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
    # In a container /dev/shm may be too small.
    "--disable-dev-shm-usage",
]


class Ended(Exception):
    """The browser ended, with what it said last."""


class Browser:
    def __init__(self, chromium, profile):
        # Chromium reads from 3 and writes to 4. Ours have higher numbers, so that none is in the way of another.
        (their_in, self.out), (self.into, their_out) = self.pipe(), self.pipe()

        def ends():
            os.dup2(their_in, 3)
            os.dup2(their_out, 4)

        self.said = os.path.join(profile, "stderr")
        os.makedirs(profile)
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                preexec_fn=ends, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            )
        os.close(their_in)
        os.close(their_out)
        self.rest, self.next, self.session = b"", 0, None
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            self.call("Page.enable")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def pipe():
        low = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 30) for fd in low]
        for fd in low:
            os.close(fd)
        return high

    def close(self):
        if self.into is None:
            return
        self.process.terminate()
        self.process.wait()
        os.close(self.out)
        os.close(self.into)
        self.into = None

    def call(self, method, **params):
        self.next += 1
        message = {"id": self.next, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        try:
            os.write(self.out, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise self.ended() from None
        return self.wait(lambda answer: answer.get("id") == message["id"])["result"]

    def wait(self, wanted):
        while True:
            while b"\0" not in self.rest:
                answers, _, _ = select.select([self.into], [], [], 60)
                more = answers and os.read(self.into, 1 << 16)
                if not more:
                    raise self.ended()
                self.rest += more
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if "error" in answer:
                raise SystemExit(f"{answer['error']}")
            if wanted(answer):
                return answer

    def ended(self):
        self.process.terminate()
        code = self.process.wait()
        self.close()
        with open(self.said, errors="replace") as said:
            return Ended(f"chromium ended with {code} and said:\n{said.read()[-4000:]}")

    def open(self, url):
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        self.wait(lambda answer: answer.get("method") == "Page.loadEventFired")

    def size(self, width, height, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def js(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" else "")

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


def started(chromium, directory):
    """A browser that draws a page which is not ours, at one of three attempts: that it does is not what is tested."""
    for attempt in range(3):
        try:
            browser = Browser(chromium, os.path.join(directory, f"profile-{os.urandom(4).hex()}"))
            browser.size(400, 400, "light")
            browser.open("data:text/html,<p>A page that is not ours")
            browser.picture(os.path.join(directory, "first.png"))
            return browser
        except (Ended, OSError) as error:
            print(f"attempt {attempt + 1}: {error}", file=sys.stderr)
    raise SystemExit(77)


def main():
    page, directory = sys.argv[1:]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise SystemExit(77)
    for attempt in range(3):
        browser = started(chromium, directory)
        try:
            print(json.dumps(look_around(browser, page, directory)))
            return
        except Ended as error:
            print(f"look {attempt + 1}: {error}", file=sys.stderr)
        finally:
            browser.close()
    # It opens an empty page each time, and ends at ours.
    raise SystemExit("chromium ended at the page, three times")


def look_around(browser, page, directory):
    here = "(document.querySelector('.here') || {}).id"
    shown = "[...document.querySelectorAll('details.c')].filter(c => !c.hidden).map(c => c.id)"
    told = {}
    for width in (1280, 400):
        for scheme in ("light", "dark"):
            browser.size(width, 1600, scheme)
            browser.open(f"file://{page}")
            browser.picture(os.path.join(directory, f"{width}-{scheme}.png"))
            told[f"{width}-{scheme}"] = {
                "overflow": browser.js("document.documentElement.scrollWidth - innerWidth"),
                "background": browser.js("getComputedStyle(document.body).backgroundColor"),
            }
    browser.size(1280, 1600, "light")
    browser.open(f"file://{page}")
    told["title"] = browser.js("document.title")
    steps = []
    for key in "nnp":
        browser.key(key)
        steps.append(browser.js(here))
    told["steps"] = steps
    told["address"] = browser.js("location.hash")
    browser.js("document.querySelector('.chip.held').click()")
    told["held"] = browser.js(shown)
    browser.js("document.querySelector('.chip.held').click()")
    browser.key("/")
    browser.call("Input.insertText", text="leaves")
    told["found"] = browser.js(shown)
    browser.open(f"file://{page}#waits/py~3")
    told["link"] = browser.js(here)
    browser.js("document.querySelector('.mx a').click()")
    told["cell"] = browser.js("location.hash")
    return told


main()
