# Who opens text and names no encoding is told under -X warn_default_encoding; and sys.flags.
import subprocess
import sys

program = """
import io, sys, warnings
def show(message, category, filename, lineno, file=None, line=None):
    print(lineno, category.__name__, message)
warnings.showwarning = show
warnings.simplefilter('always')
def open_text(encoding=None):
    encoding = io.text_encoding(encoding)
    print(encoding)
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)
open_text()
open_text('utf-8')
io.TextIOWrapper(io.BytesIO())
open('/dev/null').close()
open('/dev/null', 'rb').close()
open('/dev/null', encoding='locale').close()
open('/dev/null', newline='').close()
print(sys.flags.warn_default_encoding, sys.flags.utf8_mode)
warnings.simplefilter('error')
try:
    open('/dev/null')
    print('opened')
except EncodingWarning as e:
    print(repr(e))
"""
for options in [], ['-X', 'warn_default_encoding'], ['-X', 'utf8'], ['-X', 'utf8=0']:
    done = subprocess.run([sys.executable, '-W', 'ignore::ResourceWarning', *options, '-c', program],
                          capture_output=True, text=True)
    print(options, done.returncode)
    print(done.stdout)
