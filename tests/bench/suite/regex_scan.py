"""Running patterns over text: finditer, sub with a function, split, alternations, back-tracking."""
import re

text = "\n".join(
    f"{i:05d} host{i % 13}.example.org - user{i % 7} [2024-0{i % 9 + 1}-1{i % 10}] "
    f"\"GET /path/{i * 37 % 1009}/index.html?q={'x' * (i % 11)} HTTP/1.1\" {200 + i % 4} {i * i}"
    for i in range(900)
)
line = re.compile(
    r'^(\d+) (\S+) - (?P<user>\w+) \[([^\]]+)\] "(GET|POST) ([^ "]+) HTTP/[\d.]+" (\d{3}) (\d+)$', re.M
)
total = 0
for n in range(4):
    total += sum(int(m[7]) + len(m["user"]) for m in line.finditer(text))
    total += len(re.sub(r"\d+", lambda m: str(len(m.group())), text))
    total += len(re.split(r"[\s/?=.\[\]\"-]+", text))
    total += len(re.findall(r"(?:host1|host12|host3)\b", text)) + len(re.findall(r"x+", text))
    total += len(re.findall(r"(?i)INDEX", text)) + len(re.findall(r"\w+(?=\.html)", text))
    total += sum(1 for _ in re.finditer(r"(\d)\1", text))
print(total)
