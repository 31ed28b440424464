"""string.Template, str.format, textwrap: text made from parts."""
import string
import textwrap

page = string.Template("Dear $name,\n$$ ${amount} due on $day.\n$text\n")
words = [f"word{'s' * (i % 6)}{i % 23}" for i in range(120)]
row = "{0:>6}|{name!r:<12}|{values[0]:08.3f}|{values[1]:+,d}|{name:^9.4}"
total = 0
for i in range(60):
    paragraph = " ".join(words[i % 20 :])
    filled = textwrap.fill(paragraph, 60, initial_indent="  ", subsequent_indent="    ")
    total += len(page.substitute(name=f"N{i}", amount=i * 3, day="Monday", text=filled))
    total += len(textwrap.dedent(textwrap.indent(filled, "      "))) + len(textwrap.shorten(paragraph, 50))
    for k in range(40):
        total += len(row.format(k, name=f"n{i}", values=(k / 3, -k * 12345)))
    total += len(string.capwords(paragraph)) + sum(map(ord, paragraph.translate({119: "v", 111: None})))
print(total)
