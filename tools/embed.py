#!/usr/bin/env python3
"""Turns text files into C for the program to carry.

usage: embed.py migrations OUT.c DEPFILE DIR

Writes the table of db/db.h from DIR/NNNN_name.sql, in order of number, and a depfile, so that the
build notices a changed, new or removed file.
"""
import os
import re
import sys

NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


def c_string(text):
    """A C string literal, one line of text a line."""
    out = []
    for line in text.splitlines(keepends=True) or [""]:
        esc = "".join(
            "\\n" if c == "\n" else "\\t" if c == "\t" else
            "\\" + c if c in "\"\\" else
            c if " " <= c <= "~" else "".join("\\%03o" % b for b in c.encode())
            for c in line)
        out.append('\t    "%s"' % esc.replace("??", "?\\?"))
    return "\n".join(out)


def migrations(out, depfile, folder):
    rows, seen, deps = [], set(), [folder]
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".sql"):
            continue
        m = NAME.match(name)
        if m is None:
            sys.exit(f"{folder}/{name}: a migration is named NNNN_name.sql")
        number = int(m.group(1))
        if number in seen or number == 0:
            sys.exit(f"{folder}/{name}: number {number} is taken or 0")
        seen.add(number)
        path = os.path.join(folder, name)
        deps.append(path)
        with open(path, encoding="utf-8", newline="") as f:
            rows.append((number, m.group(2), f.read()))
    with open(out, "w", encoding="ascii") as f:
        f.write("/* Made by tools/embed.py from sql/. */\n#include \"db/db.h\"\n\n")
        f.write("const struct db_migration db_migrations[] = {\n")
        for number, name, text in rows:
            f.write('\t{ %d, "%s",\n%s },\n' % (number, name, c_string(text)))
        f.write("\t{ 0, NULL, NULL },\n};\n")
        f.write("const size_t db_migrations_n = %d;\n" % len(rows))
    with open(depfile, "w", encoding="utf-8") as f:
        f.write("%s: %s\n" % (out, " ".join(p.replace(" ", "\\ ") for p in deps)))


def main(argv):
    if len(argv) == 5 and argv[1] == "migrations":
        migrations(*argv[2:])
    else:
        sys.exit(__doc__)


main(sys.argv)
