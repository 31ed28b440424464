"""A callback registry: every connection subscribes a closure, and none is taken out again."""
import time


class Bus:
    def __init__(self):
        self.subscribers = []

    def subscribe(self, callback):
        self.subscribers.append(callback)


BUS = Bus()


def open_connection(number):
    inbox = ["message %d for %d" % (n, number) for n in range(20)]

    def on_message(message):
        inbox.append(message)       # the closure keeps the inbox, the registry keeps the closure

    BUS.subscribe(on_message)
    return len(inbox)               # the connection is closed; nobody unsubscribes


def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            open_connection(number)
        time.sleep(0.01)


main()
