"""A service that makes much and keeps little. Runs for argv[1] seconds, or for ever."""
import sys
import time

HISTORY = []


def parse(text):
    return text.split(",")                  # makes much, and nothing of it stays


def remember(fields):
    HISTORY.append("seen " + fields[0])     # makes little, and all of it stays


def serve():
    for number in range(100):
        fields = parse("user-%d,GET,/index.html,HTTP/1.1,gzip,en,close" % number)
        remember(fields)


print("ready", flush=True)
end = time.time() + float(sys.argv[1]) if len(sys.argv) > 1 else None
while end is None or time.time() < end:
    serve()
    time.sleep(0.002)
