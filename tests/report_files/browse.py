"""Opens a page in headless Chromium, does what people do, and prints as JSON what came of it.

Usage: browse.py PAGE DIRECTORY. Over the debugging pipe: no port, no driver. Exit code 77 if there is no Chromium.
"""

import base64
import json
import os
import shutil
import subprocess
import sys

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
]


class Browser:
    def __init__(self, chromium, profile):
        (their_in, self.out), (self.into, their_out) = os.pipe(), os.pipe()

        def ends():
            # Chromium reads from 3 and writes to 4, whichever numbers ours had.
            spare = [os.dup(fd) for fd in (their_in, their_out)]
            spare = [os.dup2(fd, 10 + i) for i, fd in enumerate(spare)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=ends, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self.rest, self.next, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method, **params):
        self.next += 1
        message = {"id": self.next, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self.wait(lambda answer: answer.get("id") == message["id"])["result"]

    def wait(self, wanted):
        while True:
            while b"\0" not in self.rest:
                more = os.read(self.into, 1 << 16)
                if not more:
                    raise SystemExit("chromium ended")
                self.rest += more
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if "error" in answer:
                raise SystemExit(f"{answer['error']}")
            if wanted(answer):
                return answer

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


def main():
    page, directory = sys.argv[1:]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise SystemExit(77)
    browser = Browser(chromium, os.path.join(directory, "profile"))
    here = "(document.querySelector('.here') || {}).id"
    shown = "[...document.querySelectorAll('details.c')].filter(c => !c.hidden).map(c => c.id)"
    told = {}
    try:
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
    finally:
        browser.process.terminate()
        browser.process.wait()
    print(json.dumps(told))


main()
