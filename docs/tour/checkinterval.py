"""How it was before Python 3.2: a thread gives up the GIL after N instructions, with no clock."""
import threading

ROUNDS = 10_000
started = []
running = None
turns = []      # how many rounds each turn lasted


def spin(me):
    global running
    here = 0
    started.append(me)
    while len(started) < 2:
        pass                    # until the other is there
    for _ in range(ROUNDS):
        if running is not me:
            turns.append(here)
            running = me
            here = 0
        here += 1


threads = [threading.Thread(target=spin, args=(name,)) for name in ("even", "odd")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
turns = sorted(turn for turn in turns if turn)
print(f"{len(turns)} turns, the median turn is {turns[len(turns) // 2]} rounds long")
