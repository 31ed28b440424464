"""Freed at zero, with the collector switched off: the box is dropped when SIGUSR1 arrives."""
import gc
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
gc.disable()


class Box:
    pass


def main():
    box = Box()
    box.content = Box()
    print("the outer box is at", hex(id(box)))
    print("ready", flush=True)
    signal.sigwait([signal.SIGUSR1])
    del box
    signal.sigwait([signal.SIGUSR1])


main()
