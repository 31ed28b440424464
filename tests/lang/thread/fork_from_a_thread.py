"""In a forked child the thread that forked is the main thread, and the only one."""
import os
import threading


def ask(wait):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        me = threading.current_thread()
        started = threading.Thread(target=lambda: None)
        started.start()
        started.join()
        answer = (me.name, me is threading.main_thread(), threading.active_count(), threading.enumerate() == [me],
                  wait.is_alive() if wait else None)
        os.write(writer, repr(answer).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    print(os.read(reader, 200).decode())
    os.close(reader)


go_on = threading.Event()
waiting = threading.Thread(target=go_on.wait)
waiting.start()
ask(waiting)
forking = threading.Thread(target=ask, args=(waiting,), name="forking")
forking.start()
forking.join()
print(waiting.is_alive(), threading.main_thread().name)
go_on.set()
waiting.join()
ask(waiting)
