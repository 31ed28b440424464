# tell() gives the place in the file, whatever its newlines are made of them; seek() goes back there.
import os
import random
import tempfile

random.seed(5)
ENDS = ["\n", "\r\n", "\r", "\r\r\n", "\n\r"]


def text(lines, longest):
    return "".join("é" * random.randrange(longest) + random.choice(ENDS) for _ in range(lines)).encode()


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    contents = [b"a\r\nb\r\n", b"\r\n\r\n\r\n", b"a\rb\r", b"x" * 8191 + b"\r\ny", b"x" * 8190 + b"\r\ny\r\nz",
                b"x" * 8192 + b"\r\ny", b"\r\n" * 9000 + b"end", text(300, 3), text(200, 300), text(3000, 9)]
    for content in contents:
        with open(path, "wb") as file:
            file.write(content)
        for newline in (None, "", "\n"):
            with open(path, newline=newline, encoding="utf-8") as file:
                whole = file.readlines()
                file.seek(0)
                places = []
                while True:
                    places.append(file.tell())
                    if not file.readline():
                        break
                right = 0
                for number in random.sample(range(len(places)), min(len(places), 60)):
                    file.seek(places[number])
                    right += file.readlines() == whole[number:]
                print(len(whole), right == min(len(places), 60))
    with open(path, "wb") as file:
        file.write(b"one\r\ntwo\r\nthree\r\n")
    with open(path, "r+") as file:
        file.readline()
        file.seek(file.tell())
        file.write("TWO")
        file.seek(0)
        print(file.read().split("\n"))
    with open(path, "rb") as file:
        print(file.read())
    with open(path) as file:
        print(file.read(2), file.tell(), file.read(3), file.tell(), file.buffer.tell() >= file.tell())
