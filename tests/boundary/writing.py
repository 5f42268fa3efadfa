"""Strategies that write Markdown the way models, people and attackers do, and cut it anywhere."""

from hypothesis import strategies as st

WORDS = st.sampled_from(
    ["word", "a", "two words", "1984", "x_y", "中文", "日本語、", "e\u0301", "😀", "👩\u200d👩",
     "\u202e", "\u00a0", "\u3000", "\0", "\ud800", "&amp;", "&", "&#x3c;", "<", ">",
     "\\", "\\*", "C:\\x"]
)  # fmt: skip
MARKS = st.sampled_from(
    ["*", "**", "***", "_", "__", "~~", "`", "``", "[", "]", "](", ")", "(", "!", "![", "$", "$$",
     "\\(", "\\)", "\\[", "\\]", "|", "<b>", "<script>", "hx-get=", "https://", ":", "#", "-", "="]
)  # fmt: skip
LABELS = st.sampled_from(["foo", "bar", "Foo", "1", "ä"])
SPANS = st.one_of(
    WORDS,
    MARKS,
    WORDS.map(lambda w: f"**{w}**"),
    WORDS.map(lambda w: f"*{w}*"),
    WORDS.map(lambda w: f"~~{w}~~"),
    WORDS.map(lambda w: f"`{w}`"),
    WORDS.map(lambda w: f"``{w}`{w}``"),
    LABELS.map(lambda label: f"[{label}]"),
    st.tuples(WORDS, LABELS).map(lambda pair: f"[{pair[0]}][{pair[1]}]"),
    WORDS.map(lambda w: f"[{w}](https://a.test/x 'title')"),
    WORDS.map(lambda w: f"[{w}](javascript:alert(1))"),
    WORDS.map(lambda w: f"![{w}](https://i.test/p.png)"),
    st.just("[![alt](https://i.test/p.png)](https://a.test)"),
    st.just("https://a.test/b_c_d(e). "),
    st.just("<https://a.test/>"),
    st.sampled_from(["$a+b$", "$5", "\\(x^2\\)", "$\\frac{1}{2}$", "$\\bad{$", "$$x$$"]),
    st.sampled_from(["  \n", "\\\n", "\n", "\r\n", "\r", "\t", " ", "   "]),
)
TEXT = st.lists(st.one_of(SPANS, st.just(" ")), min_size=1, max_size=8).map("".join)
LINE = TEXT.map(lambda text: text.replace("\n", " ").replace("\r", " "))
CODE = st.lists(
    st.sampled_from(
        ["x = 1", "def f():", "", "    return '''a", "b'''", "/* one", "two */", "<!-- <b>", "-->",
         "```", "``", "~~~", "\tif x {", "</script>", "中文 = \"😀\"", "# **no**", "<p hx-get=/x>"]
    ),
    max_size=6,
).map(lambda lines: "".join(f"{line}\n" for line in lines))  # fmt: skip


@st.composite
def fences(draw):
    marks = draw(st.sampled_from(["```", "````", "~~~", "`````"]))
    info = draw(st.sampled_from(["", "python", "c", "html", "js", "nonsense", "a b", "<b>", "php"]))
    indent = draw(st.sampled_from(["", "", "", " ", "   "]))
    closing = draw(st.sampled_from([f"{indent}{marks}\n", f"{marks}  \n", "", f"{marks}`\n"]))
    return f"{indent}{marks}{info}\n{draw(CODE)}{closing}"


@st.composite
def tables(draw):
    columns = draw(st.integers(1, 3))
    row = st.lists(LINE.map(lambda t: t.replace("|", "\\|")), min_size=1, max_size=4)
    rows = [" | ".join(cells) for cells in draw(st.lists(row, min_size=1, max_size=5))]
    dashes = draw(st.sampled_from(["---", ":--", "--:", ":-:"]))
    return f"| {'h | ' * columns}\n|{f'{dashes}|' * columns}\n" + "".join(
        f"| {row} |\n" for row in rows
    )


def lists(children):
    @st.composite
    def build(draw):
        marker = draw(st.sampled_from(["- ", "* ", "+ ", "1. ", "7) ", "-   ", "- [ ] ", "- [x] "]))
        gap = draw(st.sampled_from(["", "", "\n"]))
        indent = draw(st.sampled_from(["", "", " ", "  "]))
        items = []
        for _ in range(draw(st.integers(1, 5))):
            first, *others = draw(children).rstrip("\n").split("\n")
            pad = indent + " " * len(marker[: marker.find(" ") + 1] or marker)
            items.append("\n".join([indent + marker + first, *(pad + line for line in others)]))
        return f"\n{gap}".join(items) + "\n"

    return build()


def quotes(children):
    prefix = st.sampled_from(["> ", ">", " > ", "> > "])
    return st.tuples(prefix, children).map(
        lambda pair: "".join(f"{pair[0]}{line}\n" for line in pair[1].rstrip("\n").split("\n"))
    )


LEAVES = st.one_of(
    TEXT.map(lambda text: f"{text}\n"),
    LINE.map(lambda text: f"## {text}\n"),
    LINE.map(lambda text: f"### {text} ###\n"),
    st.tuples(TEXT, st.sampled_from(["---", "===", "-", "--- x"])).map("\n".join),
    st.builds(
        "[{}]: {}\n".format,
        LABELS,
        st.sampled_from(["https://d.test", "/relative", "<https://e.test> 'title'"]),
    ),
    st.just("[foo]: https://f.test\n'a title\nover two lines'\n"),
    fences(),
    tables(),
    CODE.map(lambda code: "".join(f"    {line}\n" for line in code.split("\n"))),
    st.sampled_from(
        ["---\n", "* * *\n", "$$\nx^2\n$$\n", "\\[ x \\]\n", "$$\nx\n\n", "\\[\na\n= b\n\\]\n",
         "<div>\n", "<!-- c -->\n", "<script>alert(1)</script>\n",
         '<img src=x onerror=alert(1) hx-get="/x">\n']
    ),
)  # fmt: skip
BLOCKS = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        lists(children),
        quotes(children),
        st.lists(children, min_size=1, max_size=3).map("\n".join),
    ),
    max_leaves=8,
)
ENDS = st.sampled_from(["", "\n", "\n\n", "  ", "\r\n"])
DOCUMENTS = st.builds(
    lambda blocks, joint, end: joint.join(blocks) + end,
    st.lists(BLOCKS, min_size=1, max_size=5),
    st.sampled_from(["\n", "\n", "", "\r\n"]),
    ENDS,
)


@st.composite
def cut_documents(draw):
    """Draw a text and where to cut it."""
    text = draw(DOCUMENTS)
    every = draw(st.booleans())
    if every:
        return text, list(range(1, len(text)))
    return text, sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
