"""A traceback kept alive: errors are kept for a report, and each keeps all locals of its frames."""
import time


class Report:
    def __init__(self):
        self.errors = []


REPORT = Report()


def parse(number):
    body = ["field %d of %d" % (field, number) for field in range(20)]
    return int(body[0])             # raises: "field 0 of 1" is no number


def handle(number):
    try:
        return parse(number)
    except ValueError as error:
        REPORT.errors.append(error)     # and with it error.__traceback__, its frames, their locals


def main():
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            handle(number)
        time.sleep(0.01)


main()
