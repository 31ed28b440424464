"""Patterns over a long random sequence: character classes and counts of alternatives."""
import re

state, letters = 42, []
for i in range(120000):
    state = (state * 3877 + 29573) % 139968
    letters.append("acgt"[state * 4 // 139968] if i % 61 else "\n")
sequence = "".join(letters)
clean = re.sub(">.*\n|\n", "", sequence)
variants = [
    "agggtaaa|tttaccct", "[cgt]gggtaaa|tttaccc[acg]", "a[act]ggtaaa|tttacc[agt]t",
    "ag[act]gtaaa|tttac[agt]ct", "agg[act]taaa|ttta[agt]cct", "aggg[acg]aaa|ttt[cgt]ccct",
    "agggt[cgt]aa|tt[acg]accct", "agggta[cgt]a|t[acg]taccct", "agggtaa[cgt]|[acg]ttaccct",
]
print([len(re.findall(v, clean, re.I)) for v in variants], len(clean))
out = clean
for pattern, by in (("tHa[Nt]", "<4>"), ("aND|caN|Ha[DS]|WaS", "<3>"), ("a[NSt]|ca", "<2>"),
                    ("[ag]{3,5}", "|"), (r"<[^>]*>", "-")):
    out = re.sub(pattern, by, out)
print(len(out))
