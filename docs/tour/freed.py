"""Freed at zero: at once, in the middle of the statement that drops the last reference."""


class Box:
    def __init__(self, name, content=None):
        self.name = name
        self.content = content

    def __del__(self):
        print("   freed:", self.name)


def main():
    box = Box("outer", Box("inner"))
    print("the outer box is at", hex(id(box)))
    print("before del")
    del box
    print("after del")


main()
