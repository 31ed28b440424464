"""The logging package: lines that are dropped, lines that are formatted, a filter, a hierarchy."""
import io
import logging

stream = io.StringIO()
root = logging.getLogger("app")
root.setLevel(logging.INFO)
root.propagate = False
handler = logging.StreamHandler(stream)
handler.setFormatter(logging.Formatter("%(levelname)s %(name)s [%(lineno)d] %(message)s"))
handler.addFilter(lambda record: "secret" not in record.getMessage())
root.addHandler(handler)
children = [logging.getLogger(f"app.part{i}") for i in range(5)]


def work(n):
    for i in range(n):
        log = children[i % 5]
        log.debug("dropped %s %s", i, n)
        log.debug("dropped")
        if i % 4 == 0:
            log.info("line %d of %s", i, n)
        if i % 40 == 0:
            log.warning("secret %r", i)
        if i % 100 == 0:
            try:
                1 / (i % 10)
            except ZeroDivisionError as e:
                log.error("failed: %s", e)


work(16000)
text = stream.getvalue()
print(len(text), text.count("\n"), text.count("ERROR"), text[:60])
