"""However a text is cut, streaming it gives the tree that rendering it at once gives."""

import random

import pytest
from hypothesis import example, given, note, settings

from boundary.markdown import StreamRenderer, blocks, render
from tests.boundary.dom import Page, tree
from tests.boundary.writing import cut_documents

ATOMS = [
    "a", "word ", "b ", "\n", "\n", "\n\n", "- ", "* ", "1. ", "2) ", "> ", "  ", "    ", "\t", "`",
    "```", "```\n", "```py\n", "~~~\n", "**", "*", "_", "[foo]", "[foo]: /u",
    "[foo]: https://u.test\n", "[x](https://a.test)", "![i](https://c.test/e)", "$", "$$", "\\[",
    "\\]", "\\(", "\\)", "|", "| a | b |\n|---|---|\n", "---", "===", "#", "## ", "\\", "<b>", "<",
    "&amp;", "&", "😀", "中文", "（", "e\u0301", "\r\n", "\r", "\0", "https://q.test/s", "- [ ] ",
    "x = 1\n", "/* c\n", '"""', "'t", "~~", ":", "(", ")", "!", "'",
]  # fmt: skip


def stream(text, cuts):
    """Feed `text` in pieces; return the renderer, the page it drew on and all patches."""
    renderer, page, sent, position = StreamRenderer("#run"), Page(), [], 0
    for cut in [*cuts, len(text)]:
        patches = renderer.feed(text[position:cut])
        page.apply(patches)
        sent += patches
        position = cut
    return renderer, page, sent


def assert_same(text, cuts):
    renderer, page, _ = stream(text, cuts)
    whole = tree(render(text))
    assert tree(renderer.snapshot()) == whole
    assert page.root.normal() == whole


def every(text):
    return range(1, len(text))


@settings(max_examples=120, deadline=None, print_blob=True)
@given(cut_documents())
@example(("- a\n\n-b", [1, 5, 6]))  # loose, then not a list at all
@example(("|\nb|\n-||", [7]))  # a table, then not
@example(("-   [foo]: https://f.test\n  'a title\n  over two lines'\n", [26, 36]))
def test_written_documents(document):
    text, cuts = document
    note(repr(text))
    assert_same(text, cuts)


@pytest.mark.parametrize("seed", range(8))
def test_random_marks(seed):
    print("seed", seed)
    source = random.Random(seed)
    for _ in range(60):
        atoms = source.sample(ATOMS, source.randint(3, len(ATOMS)))
        text = "".join(source.choice(atoms) for _ in range(source.randint(1, 25)))
        count = source.choice([1, 3, len(text)])
        cuts = sorted(source.randrange(len(text) + 1) for _ in range(count))
        try:
            assert_same(text, cuts)
        except AssertionError as error:
            raise AssertionError(f"{text!r} cut at {cuts}") from error


@pytest.mark.parametrize(
    "text",
    [
        "[foo] and [bar]\n\n> [foo]\n\n- [foo]\n- x\n\np\n\n[foo]: https://a.te 't'\n[bar]: /no\n",
        "[foo]\n\n[foo]: https://first.test\n\n[foo]: https://second.test\n",
        "- a\n- b\n\n  c\n- d\n",
        "1. a\n2. b\n\n3. c\n\n\ntext",
        "para\nwith lines\n===\n\nnext\n---\n",
        "```\na\n````\nb\n```x\n~~~\n```\nafter",
        "```py\nx = '''a\nb'''\n```\n```c\n/* a\n b */ int x;\n```",
        "- ```js\n  let x = `a\n  b`\n  ```\n- b",
        "> - a\n> - b\n>\n>   c\n\nd",
        "| a | b |\n|---|---|\n| 1 |\n| 2 | 3 | 4 |\n\n| x |\n",
        "a | b\n-|-\n1 | 2\n> quote",
        "text\n$$\na\n- b\n= c\n$$\nmore $$x$$ and \\[y\\]\n\n\\[\nz",
        "line  \nbreak\\\nbreak\n   \nx",
        "\ttab\n\n-\ttab\n\n\tmore",
        "a\r\nb\r\n\r\n- c\r\n- d\r",
        "nul\0 and \ud83d and \U0001f600 and e\u0301",
        "**中文（注）**后 ~~删（除）~~后 *a*",
        "  - a\n   - b\n  - c\n - d\n    - e",
        "-\n\n  foo\n- bar\n-\n- baz",
        "see https://a.test/b_(c). And https://a.test/、下 www.a.test",
        "``code `` `x` \\` and ``` not a fence",
        "[a](https://a.test \"t) [b](<https://b.test>) ![c](https://c.test/d.png 't')",
        "# one\n# two #\n#three\n###### six ##\n",
    ],
)  # fmt: skip
def test_cut_at_every_place(text):
    assert_same(text, every(text))
    for cut in range(len(text) + 1):
        assert_same(text, [cut])


def test_the_snapshot_is_right_at_every_moment():
    text = "# A\n\nb **c**\n\n- d\n- e\n\n```py\ndef f(): pass\n```\n\n| g |\n|---|\n| h |\n"
    renderer, page = StreamRenderer("#run"), Page()
    for index, character in enumerate(text):
        page.apply(renderer.feed(character))
        assert page.root.normal() == tree(renderer.snapshot()) == tree(render(text[: index + 1]))


def test_an_empty_delta_changes_nothing():
    renderer = StreamRenderer("#run")
    assert renderer.feed("") == []
    assert renderer.feed("a\r") != []
    assert renderer.feed("") == []
    assert renderer.feed("\n") == []
    assert renderer.snapshot() == "<p>a</p>"


def test_words_are_sent_once_and_alone():
    renderer = StreamRenderer("#run")
    renderer.feed("The first words")
    assert renderer.feed(" and, then; some (more): 7 – 中文。") == [
        ("#run>:last-child", "beforeend", " and, then; some (more): 7 – 中文。")
    ]
    assert renderer.feed(" ") == []
    assert renderer.feed("end") == [("#run>:last-child", "beforeend", " end")]


def test_words_are_added_to_the_item_they_belong_to():
    renderer = StreamRenderer("#run")
    renderer.feed("- a\n- b\n  - c")
    assert renderer.feed("d e") == [
        ("#run>:last-child>:last-child>:last-child>:last-child", "beforeend", "d e")
    ]


@pytest.mark.parametrize(
    ("unit", "limit"),
    [
        ("- an item with **bold** words\n", 2.5),
        ("| a cell | another | one `more` |\n", 2.5),
        ("> a quoted paragraph\n>\n", 2.5),
        ("A paragraph of its own.\n\n", 2.5),
    ],
)
def test_what_is_settled_is_not_sent_again(unit, limit):
    """The bytes sent grow with the text, not with its square."""
    text = ("| a | b | c |\n|---|---|---|\n" if unit[0] == "|" else "") + unit * 200
    _, page, sent = stream(text, range(9, len(text), 9))
    html = render(text)
    assert page.root.normal() == tree(html)
    assert sum(len(patch.content) for patch in sent) < limit * len(html)
    assert max(len(patch.content) for patch in sent) < 400


def test_code_is_sent_by_lines():
    code = "def f(x):\n    return x + 1  # comment\n" * 200
    text = f"```python\n{code}```\n"
    _, _, sent = stream(text, range(7, len(text), 7))
    assert sum(len(patch.content) for patch in sent) < 2 * len(render(text))
    assert max(len(patch.content) for patch in sent) < 200


@pytest.mark.parametrize("size", [blocks.BLOCK_LIMIT - 50, blocks.BLOCK_LIMIT + 50])
@pytest.mark.parametrize(
    "unit", ["words of a paragraph\n", "- item\n  and\n", "> - quoted\n>   more\n", "    code\n"]
)
def test_long_blocks_turn_plain_alike(unit, size):
    lines = unit.split("\n")
    inner = (lines[1] if len(lines) > 2 else lines[0]) + "\n"
    text = f"# before [foo]\n\n{unit}{inner * (size // len(inner))}\n\n**after**\n\n[foo]: https://a.test\n"
    source = random.Random(size)
    cuts = sorted(source.randrange(len(text)) for _ in range(40))
    assert_same(text, cuts)
    assert ("<pre class=" in render(text)) is (size > blocks.BLOCK_LIMIT)


def test_past_the_length_limit_text_is_plain(monkeypatch):
    for module in (blocks, *_users_of_the_limit()):
        monkeypatch.setattr(module, "LENGTH_LIMIT", 200)
    text = "**bold** words. " * 40
    assert render(text).count("<strong>") == 13
    for step in (1, 7, 150, 10_000):
        assert_same(text, range(step, len(text), step))


def _users_of_the_limit():
    import boundary.markdown
    from boundary.markdown import stream as module

    return boundary.markdown, module
