"""One survivor and three collections: it goes on when it gets SIGUSR1, to be looked at from outside."""
import gc
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
gc.disable()
thing = [["inner"]]
print("survivor is at", hex(id(thing)))
print("ready", flush=True)
for collected in (0, 1):
    signal.sigwait([signal.SIGUSR1])
    gc.collect(collected)
signal.sigwait([signal.SIGUSR1])
