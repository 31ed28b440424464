"""Sockets: the timeout of sendall() is that of the whole, ancillary data that moves, poll() while
others register."""
import os
import select
import socket
import threading
import time

a, b = socket.socketpair()
a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
a.settimeout(0.5)
stop = threading.Event()


def reader():
    while not stop.wait(0.3):
        b.recv(3000)


thread = threading.Thread(target=reader)
thread.start()
began = time.monotonic()
try:
    a.sendall(bytes(1_000_000))
    print("sent")
except TimeoutError as e:
    print(e, time.monotonic() - began < 2)
stop.set()
thread.join()
a.close()
b.close()

octets = bytearray(4)


class Growing:
    asked = 0

    def __index__(self):
        self.asked += 1
        octets.extend(bytes(100_000 if self.asked > 1 else 0))
        return -1


a, b = socket.socketpair()
number = Growing()
try:
    a.sendmsg([b"x"], [(number, 2, octets)])
except OSError as e:
    print("OSError", e.errno)
print(number.asked)
read_end, write_end = os.pipe()
print(a.sendmsg([b"one", b"two"], iter([(socket.SOL_SOCKET, socket.SCM_RIGHTS, write_end.to_bytes(4, "little"))])))
data, control, flags, address = b.recvmsg(100, socket.CMSG_SPACE(4))
os.write(int.from_bytes(control[0][2], "little"), b"passed on")
print(data, control[0][:2], os.read(read_end, 100))
for wrong in (5, [5], [(1, 2)], [[1, 2]], [(1, 2, "x")], [("x", 2, b"")]):
    try:
        a.sendmsg([b"x"], wrong)
    except TypeError as e:
        print(e)

poll = select.poll()
reader_end, writer_end = os.pipe()
gone, _ = os.pipe()
poll.register(gone, select.POLLIN)
poll.register(reader_end, select.POLLIN)
found = []
thread = threading.Thread(target=lambda: found.extend(poll.poll(20_000)))
thread.start()
time.sleep(0.2)
others = [os.pipe() for i in range(12)]
for other, _ in others:
    poll.register(other, select.POLLIN)
poll.unregister(gone)
os.write(writer_end, b"x")
thread.join()
print(found == [(reader_end, select.POLLIN)])
