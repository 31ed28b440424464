"""Chromium without a window, driven over a pipe by its debugging protocol: for pages that tests
open, click and look at.

    with Browser() as browser:
        page = browser.open("file:///tmp/a.html")
        page.evaluate("document.title")
        page.press("Enter")
        page.screenshot("a.png")
        page.problems            # what was logged as an error, and network requests
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def find():
    """The command, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    def __init__(self, *flags):
        self.folder = tempfile.mkdtemp(prefix="brille-browser-")
        to_read, self.to = os.pipe()
        self.come, from_write = os.pipe()

        def arrange():
            # The browser wants its commands at 3 and answers at 4.
            reading, writing = os.dup(to_read), os.dup(from_write)
            high = [os.dup2(reading, 100), os.dup2(writing, 101)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        command = [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                   "--no-first-run", "--disable-background-networking", "--disable-extensions",
                   "--disable-dev-shm-usage", "--allow-file-access-from-files",
                   "--user-data-dir=" + self.folder, "--remote-debugging-pipe", *flags, "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL, close_fds=False, preexec_fn=arrange)
        os.close(to_read)
        os.close(from_write)
        self.number = 0
        self.left = b""
        self.answers = {}
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.send("Browser.close", {}, None)
            self.process.wait(timeout=10)
        except (subprocess.TimeoutExpired, OSError):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.come)
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, method, parameters, session):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        return self.number

    def read(self, end):
        """Takes in one message, or fails when it is later than `end`."""
        while b"\0" not in self.left:
            if not select.select([self.come], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser says nothing")
            more = os.read(self.come, 1 << 20)
            if not more:
                raise OSError("the browser has ended")
            self.left += more
        text, _, self.left = self.left.partition(b"\0")
        message = json.loads(text)
        if "id" in message:
            self.answers[message["id"]] = message
        elif message.get("sessionId") in self.pages:
            self.pages[message["sessionId"]].event(message["method"], message["params"])

    def call(self, method, parameters=None, session=None, seconds=60):
        number = self.send(method, parameters or {}, session)
        end = time.monotonic() + seconds
        while number not in self.answers:
            self.read(end)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def open(self, url, width=1280, height=900, scripts=True, dark=False, seconds=60):
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        self.pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(domain + ".enable")
        page.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        page.call("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        if not scripts:
            page.call("Emulation.setScriptExecutionDisabled", {"value": True})
        page.call("Page.navigate", {"url": url})
        end = time.monotonic() + seconds
        while not page.loaded:
            self.read(end)
        return page


class Page:
    def __init__(self, browser, session):
        self.browser, self.session, self.loaded, self.problems = browser, session, False, []

    def event(self, method, parameters):
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.problems.append("console: %s" % [a.get("value") for a in parameters["args"]])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append("log: " + parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.problems.append("network: " + url)

    def call(self, method, parameters=None, seconds=60):
        return self.browser.call(method, parameters, self.session, seconds)

    def evaluate(self, expression, seconds=60):
        result = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True,
                                                "awaitPromise": True}, seconds)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get(
                "description", result["exceptionDetails"]["text"]))
        return result["result"].get("value")

    def wait_for(self, expression, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.05)
        raise TimeoutError("never came true: " + expression)

    def click(self, selector):
        box = self.evaluate("(() => { const e = document.querySelector(%s); e.scrollIntoView({block: "
                            "'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, "
                            "r.y + r.height / 2]; })()" % json.dumps(selector))
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", {"type": kind, "x": box[0], "y": box[1],
                                                   "button": "left", "clickCount": 1})

    def press(self, key):
        codes = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
                 "ArrowDown": 40, "Tab": 9}
        event = {"key": key, "windowsVirtualKeyCode": codes.get(key, ord(key.upper()[0]))}
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **event})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def type(self, text):
        self.call("Input.insertText", {"text": text})

    def screenshot(self, path, full=False):
        parameters = {"format": "png", "captureBeyondViewport": full}
        if full:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            parameters["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.call("Page.captureScreenshot", parameters)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
