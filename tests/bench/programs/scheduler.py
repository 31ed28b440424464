class Task:
    def __init__(self, ident, priority, work):
        self.ident = ident
        self.priority = priority
        self.remaining = work
        self.done = False
        self.runs = 0

    def step(self, scheduler):
        self.runs += 1
        self.remaining -= 1
        if self.remaining <= 0:
            self.done = True
            scheduler.finished.append(self)
        else:
            scheduler.add(self)


class IdleTask(Task):
    def step(self, scheduler):
        super().step(scheduler)
        scheduler.idle += 1


class Scheduler:
    def __init__(self):
        self.queues = [[] for _ in range(4)]
        self.finished = []
        self.idle = 0
        self.ticks = 0

    def add(self, task):
        self.queues[task.priority].append(task)

    def next(self):
        for queue in self.queues:
            if queue:
                return queue.pop()
        return None

    def run(self):
        while True:
            task = self.next()
            if task is None:
                return
            self.ticks += 1
            task.step(self)


total = 0
for round_number in range(220):
    s = Scheduler()
    for i in range(60):
        cls = IdleTask if i % 5 == 0 else Task
        s.add(cls(i, i % 4, 20 + i % 17))
    s.run()
    total += s.ticks + s.idle + len(s.finished)
print(total)
