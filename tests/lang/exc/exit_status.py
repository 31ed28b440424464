import sys
try:
    sys.exit("message")
except SystemExit as e:
    print("caught", e.code)
sys.exit(7)
