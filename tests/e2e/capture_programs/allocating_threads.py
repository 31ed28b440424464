# Three threads that allocate all the time; the main thread too.
import sys
import threading


class Node:
    def __init__(self, parent):
        self.parent = parent
        self.children = []


def work(number):
    while True:
        root = Node(None)
        for i in range(50):
            child = Node(root)
            root.children.append(child)
            child.text = "%d-%d" % (number, i)
        text = ",".join([c.text for c in root.children])
        table = {c.text: c for c in root.children}
        if len(text) != 0 and len(table) == 50:
            root = sorted(table, key=lambda name: table[name].text)


for n in range(3):
    threading.Thread(target=work, args=(n,), daemon=True).start()
print("READY", flush=True)
work(9)
