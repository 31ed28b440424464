"""_socket and what stands on it: pairs, addresses, timeouts, servers, asyncio's loop and processes."""
import array
import asyncio
import errno
import os
import socket
import socketserver
import struct
import threading


def t(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)


a, b = socket.socketpair()
a.sendall(b"hello")
print(b.recv(2), b.recv(100), a.family, a.type, a.proto, a.getsockname() == "")
buffer = bytearray(10)
a.send(b"into")
print(b.recv_into(buffer), buffer, b.recv_into)if False else print(b.recv_into(buffer), buffer)
b.settimeout(0.01)
t(lambda: b.recv(1))
b.setblocking(False)
t(lambda: b.recv(1))
print(b.gettimeout(), b.getblocking(), a.gettimeout(), a.getblocking())
t(lambda: b.settimeout(-1))
t(lambda: b.settimeout("x"))
r, w = os.pipe()
a.sendmsg([b"da", b"ta"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [w]))])
b.setblocking(True)
data, anc, flags, addr = b.recvmsg(100, socket.CMSG_SPACE(4))
print(data, len(anc), flags, addr)
fd = array.array("i", anc[0][2])[0]
os.write(fd, b"through a copy")
print(os.read(r, 100))
for d in (r, w, fd):
    os.close(d)
a.shutdown(socket.SHUT_WR)
print(b.recv(10))
t(lambda: a.send(b"x"))
t(lambda: a.recv(-1))
a.close()
print(a.fileno())
t(lambda: a.recv(1))
b.close()
t(lambda: socket.socket(fileno=-3))
t(lambda: socket.socket(family=9999))
t(lambda: socket.inet_ntoa(socket.inet_aton("127.0.0.1")))
t(lambda: socket.inet_aton("nonsense"))
t(lambda: socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, "::1")))
t(lambda: socket.inet_ntoa(b"abc"))
t(lambda: socket.htons(0x1234) == struct.unpack("=H", struct.pack("!H", 0x1234))[0])
t(lambda: socket.htons(-1))
t(lambda: socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
t(lambda: socket.gethostbyname("127.0.0.1"))
t(lambda: socket.getaddrinfo("127.0.0.1", "nonsense-port"))
t(lambda: isinstance(socket.gethostname(), str))
t(lambda: socket.getdefaulttimeout())
s = socket.socket()
t(lambda: s.connect("x"))
t(lambda: s.connect(("127.0.0.1", 99999)))
t(lambda: s.connect(("127.0.0.1",)))
t(lambda: s.bind(("127.0.0.1", 0)))
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), s.getsockname()[0])
port = s.getsockname()[1]
s.close()
c = socket.socket()
print(c.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED)
c.close()
u1, u2 = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
u1.bind(("127.0.0.1", 0))
u2.sendto(b"datagram", u1.getsockname())
data, addr = u1.recvfrom(100)
print(data, addr[0])
u1.close()
u2.close()


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with socket.create_connection(server.server_address, timeout=5) as c:
        f = c.makefile("rw")
        for line in ("one\n", "two\n"):
            f.write(line)
            f.flush()
            print(f.readline(), end="")
        f.close()
    server.shutdown()
    thread.join()


async def count(name, n):
    for i in range(n):
        await asyncio.sleep(0.001)
    return name, n


async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line[::-1])
        await writer.drain()
    writer.close()


async def main():
    print(await asyncio.gather(count("a", 3), count("b", 2)))
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError as e:
        print("timeout", type(e).__name__)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        print(await reader.readexactly(6))
        writer.close()
        await writer.wait_closed()
    p = await asyncio.create_subprocess_exec("echo", "from a child", stdout=asyncio.subprocess.PIPE)
    out, _ = await p.communicate()
    print(out, p.returncode)
    queue = asyncio.Queue()
    task = asyncio.create_task(queue.get())
    await queue.put("item")
    print(await task)
    print(await asyncio.to_thread(lambda: threading.current_thread() is threading.main_thread()))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(count(i, i)) for i in range(3)]
    print([x.result() for x in tasks])
    async with asyncio.timeout(5):
        await asyncio.sleep(0)


asyncio.run(main())
try:
    asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 0.01))
except TimeoutError:
    print("done")
