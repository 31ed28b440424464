# What programs are told of the options they were started with.
import subprocess
import sys


def run(*options, program="import sys; print(sys._xoptions, sys.warnoptions)"):
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True)
    print(done.returncode, done.stdout.strip(), done.stderr.strip())


run()
run("-X", "a", "-Xb=c,d=e", "-X", "a=2", "-X", "=x")
run("-X", "utf8", "-W", "default", "-Wignore::Warning", program="import subprocess, sys\n"
    "arguments = subprocess._args_from_interpreter_flags()\n"
    "print(sys._xoptions, [a for a in arguments if a[1] in 'WXtf'], sys.flags.utf8_mode)")
