#!/usr/bin/env python3
"""Types at the prompt of `brille sql` through a pseudo-terminal. Usage: prompt.py BRILLE BRILLE-PYTHON"""
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

import support


class Terminal:
    def __init__(self, arguments, history):
        self.master, slave = pty.openpty()
        self.text = ""
        environment = dict(os.environ, TERM="dumb", BRILLE_HISTORY=history)
        self.process = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave,
                                        env=environment, start_new_session=True)
        os.close(slave)

    def wait_for(self, part, seconds=30):
        end = time.monotonic() + seconds
        while part not in self.text:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError("no %r in %r" % (part, self.text))
            try:
                more = os.read(self.master, 4096).decode()
            except OSError:
                more = ""
            if not more:
                raise AssertionError("ended without %r: %r" % (part, self.text))
            self.text += more.replace("\r\n", "\n")
        before, _, self.text = self.text.partition(part)
        return before

    def type(self, text):
        os.write(self.master, text.encode())

    def ask(self, text):
        """What is printed between the echo of the line and the next prompt."""
        self.type(text + "\n")
        self.wait_for(text.split("\n")[-1])
        return self.wait_for("brille> ")

    def close(self):
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    os.read(self.master, 4096)
                except OSError:
                    pass
        os.close(self.master)
        assert self.process.wait(timeout=5) == 0, self.process.returncode


def main():
    brille, python = sys.argv[1:3]
    with support.dump(brille, python) as path, tempfile.TemporaryDirectory() as folder:
        history = os.path.join(folder, "history")
        terminal = Terminal([brille, "sql", path], history)
        terminal.wait_for("brille> ")
        assert "500" in terminal.ask("SELECT count(*) FROM object WHERE type = 'Session';")
        assert "no such column: nonsense" in terminal.ask("SELECT nonsense;")
        assert "reference" in terminal.ask(".tables")
        assert "retained" in terminal.ask(".schema object")
        assert "no command" in terminal.ask(".nonsense")
        terminal.ask(".mode csv")
        terminal.type("SELECT 'two',\n")
        terminal.wait_for("...> ")
        assert "two,lines" in terminal.ask("'lines';")
        # A query that would take for ever ends with Ctrl-C, and the prompt goes on.
        terminal.type("SELECT count(*) FROM reference a, reference b, reference c;\n")
        terminal.wait_for("c;")
        time.sleep(0.5)
        os.kill(terminal.process.pid, signal.SIGINT)
        assert "interrupted" in terminal.wait_for("brille> ")
        assert "42" in terminal.ask("SELECT 41 + 1;")
        terminal.type(".quit\n")
        terminal.close()
        assert oct(os.stat(history).st_mode & 0o777) == "0o600"

        terminal = Terminal([brille, "sql", path], history)
        terminal.wait_for("brille> ")
        terminal.type("\x10")  # Ctrl-P: the line before, of the last time
        terminal.wait_for(".quit")
        terminal.type("\x10\n")
        terminal.wait_for("42")
        terminal.wait_for("brille> ")
        terminal.type("\x04")
        terminal.close()


main()
