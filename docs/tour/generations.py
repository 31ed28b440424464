"""Three generations: who survives a collection is looked at less often from then on."""
import gc


def generation(thing):
    for number in range(3):
        if any(other is thing for other in gc.get_objects(generation=number)):
            return number


def survivor():
    gc.disable()
    thing = [["inner"]]
    print("survivor is at", hex(id(thing)))
    print("new: generation", generation(thing))
    for collected in (0, 1, 2):
        gc.collect(collected)
        print(f"after a collection of {collected}: generation", generation(thing))
    gc.enable()
    return thing


def work():
    kept = []
    for number in range(100_000):
        kept.append([number])   # a container that survives
        [number]                # and one that is freed at zero, without the collector
    return kept


kept = survivor()
work()
print("collections:", [stats["collections"] for stats in gc.get_stats()])
