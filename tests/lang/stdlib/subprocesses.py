"""subprocess: output, input, errors of the child, descriptors, groups, and what fails to start."""
import os
import signal
import subprocess
import sys

print(subprocess.check_output(["echo", "héllo"]))
print(subprocess.run(["cat"], input=b"abc" * 30000, capture_output=True).stdout == b"abc" * 30000)
r = subprocess.run("echo out; echo err >&2; exit 3", shell=True, capture_output=True, text=True)
print(r.returncode, r.stdout, r.stderr)
try:
    subprocess.run(["/nonexistent/program"])
except FileNotFoundError as e:
    print(e.errno, e.filename, e)
try:
    subprocess.run(["echo"], cwd="/nonexistent")
except FileNotFoundError as e:
    print(e.errno, e.filename, e)
try:
    subprocess.run(["/etc/passwd"])
except PermissionError as e:
    print(e)
try:
    subprocess.check_call(["false"])
except subprocess.CalledProcessError as e:
    print(e)
try:
    subprocess.run(["sleep", "10"], timeout=0.05)
except subprocess.TimeoutExpired as e:
    print(e.cmd, e.output)
p = subprocess.Popen(["sleep", "10"])
p.send_signal(signal.SIGTERM)
print(p.wait(), p.poll(), p.returncode)
p = subprocess.Popen(["sleep", "10"], start_new_session=True)
print(os.getsid(p.pid) == p.pid)
os.killpg(p.pid, signal.SIGKILL)
print(p.wait())
r, w = os.pipe()
out = subprocess.check_output(["sh", "-c", "ls /proc/self/fd | wc -l"])
print(int(out) <= 4)
p = subprocess.Popen(["sh", "-c", "echo through >&%d" % w], pass_fds=(w,))
p.wait()
os.close(w)
print(os.read(r, 100))
os.close(r)
print(subprocess.check_output(["sh", "-c", "echo $A-$B"], env={"A": "1", "PATH": os.environ["PATH"]}))
print(subprocess.check_output(["pwd"], cwd="/"))
print(subprocess.check_output(["sh", "-c", "umask"], umask=0o27))
print(subprocess.run(["sh", "-c", "echo e >&2; echo o"], stdout=subprocess.PIPE,
                     stderr=subprocess.STDOUT).stdout)
sys.stdout.flush()
print(subprocess.check_output(["sh", "-c", "echo $X"],
                              preexec_fn=lambda: os.environ.__setitem__("X", "set before exec")))


def bad():
    raise ValueError("in the child")


try:
    subprocess.run(["true"], preexec_fn=bad)
except subprocess.SubprocessError as e:
    print(type(e).__name__, e)
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as p:
    for line in ("one\n", "two\n"):
        p.stdin.write(line)
        p.stdin.flush()
        print(p.stdout.readline(), end="")
    out, err = p.communicate("three\n")
    print(out, err)
print(subprocess.getoutput("echo shell"), subprocess.getstatusoutput("exit 4"))
print(os.popen("echo popen").read())
