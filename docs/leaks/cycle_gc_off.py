"""Reference cycles with the collector switched off: nothing frees them any more."""
import gc
import time


class Node:
    def __init__(self, parent=None):
        self.parent = parent
        self.children = []


def build(number):
    root = Node()
    root.text = ["row %d of %d" % (row, number) for row in range(20)]
    root.children.append(Node(parent=root))     # root -> children -> child -> parent -> root
    return len(root.text)


def main():
    gc.disable()                                # "for speed"
    print("ready", flush=True)
    number = 0
    while True:
        for _ in range(20):
            number += 1
            build(number)
        time.sleep(0.01)


main()
