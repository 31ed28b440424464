"""Sizes and positions beyond what fits, and the words for other odd arguments."""
import array
import csv
import io
import os
import socket
import zlib

HUGE = 1 << 70


def attempt(function, *args):
    try:
        print(function(*args))
    except Exception as e:
        print(type(e).__name__, e)


numbers = array.array("i", [1, 2])
attempt(io.BytesIO(b"x").seek, HUGE)
attempt(io.StringIO("x").seek, HUGE)
attempt(numbers.insert, HUGE, 1)
attempt(numbers.pop, HUGE)
attempt(numbers.fromfile, io.BytesIO(), HUGE)
attempt(iter(numbers).__setstate__, HUGE)
with socket.socket() as s:
    attempt(s.recv, HUGE)
    attempt(s.recv, 1.5)
    attempt(s.recv_into, bytearray(1), HUGE)
attempt(os.urandom, HUGE)
attempt(zlib.decompress, b"", 15, HUGE)
attempt(zlib.decompressobj().decompress, b"", HUGE)
attempt(zlib.decompressobj().flush, HUGE)
attempt(list, csv.reader(["a\rb"]))
attempt(list, csv.reader(['"a"b,"c""d","e']))
attempt(list, csv.reader(['"a"b'], strict=True))
attempt(list, csv.reader(['"a|"b"'], escapechar="|"))
attempt(list, csv.reader(['"a""b"'], doublequote=False))
code = attempt.__code__
for arguments in ({"co_firstlineno": -5}, {"zz": 1}, {"co_name": 5}):
    try:
        code.replace(**arguments)
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
