"""counts.py step by step: it goes on when it gets SIGUSR1, so that one can look from outside."""
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])


class Thing:
    pass


def main():
    data = Thing()          # one reference: the variable data
    print("the thing is at", hex(id(data)))
    print("ready", flush=True)
    signal.sigwait([signal.SIGUSR1])
    alias = data            # two
    signal.sigwait([signal.SIGUSR1])
    del alias               # one
    signal.sigwait([signal.SIGUSR1])


main()
