"""A reference count going 1, 2, 1, 0."""


class Thing:
    pass


def main():
    data = Thing()          # one reference: the variable data
    alias = data            # two
    del alias               # one
    print("the thing is at", hex(id(data)))
    del data                # none


main()
