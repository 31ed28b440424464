import sys
print(sys.version_info[:2], sys.maxsize, sys.byteorder, sys.platform, sys.getrecursionlimit(), len(sys.argv), sys.maxunicode, "sys" in sys.modules, sys.getswitchinterval(), sys.intern("a") is sys.intern("a"))
sys.setrecursionlimit(500)
print(sys.getrecursionlimit(), sys.version_info >= (3, 11), sys.version_info.major, sys.hexversion >> 24)
