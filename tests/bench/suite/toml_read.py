"""tomllib over a generated document."""
import tomllib

parts = ['title = "example"\n[owner]\nname = "A \\"B\\" \\u00e9"\nborn = 1979-05-27T07:32:00Z\n']
for i in range(60):
    parts.append(
        f"[server.s{i}]\nip = '10.0.0.{i}'\nports = [ 8000, 8001, {i} ]\nload = {i / 7}\n"
        f"enabled = {'true' if i % 2 else 'false'} # comment\nhex = 0xff_{i:02x}\n"
        f"nested = {{ a.b = {i}, c = [ [1, 2], ['x', \"y\"] ] }}\n"
    )
parts.append("".join(f'[[product]]\nsku = {i}\ntext = """\nline one\nline {i} \\\n   two"""\n' for i in range(60)))
text = "\n".join(parts)
total = 0
for _ in range(6):
    data = tomllib.loads(text)
    total += sum(s["ports"][2] + s["hex"] for s in data["server"].values())
    total += sum(len(p["text"]) for p in data["product"])
print(total, len(text), data["owner"]["born"].year)
