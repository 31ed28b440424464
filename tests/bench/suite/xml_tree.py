"""xml.etree: building a document, writing it, searching it. Reading needs pyexpat: see README.md."""
import xml.etree.ElementTree as ET

root = ET.Element("catalogue", {"version": "1"})
for i in range(400):
    book = ET.SubElement(root, "book", {"id": str(i), "lang": "en" if i % 3 else "de"})
    ET.SubElement(book, "title").text = f"Title <{i}> & more"
    author = ET.SubElement(book, "author")
    author.text = f"Author {i % 20}"
    author.tail = "\n"
    for k in range(i % 4):
        ET.SubElement(book, "tag").text = f"tag{k}"
total = 0
for _ in range(3):
    text = ET.tostring(root, encoding="unicode")
    total += len(text) + sum(1 for _ in root.iter()) + len(root.findall("book/tag"))
    total += len(root.findall(".//book[@lang='de']")) + len(root.find("book[3]/title").text)
    total += sum(len(author.text) for author in root.iterfind("book/author"))
    ET.indent(root)
print(total)
