"""The dialect, case by case: CommonMark and GFM examples, and where this one differs."""

import pytest
from django.utils.safestring import SafeString

from boundary.markdown import render
from boundary.markdown.highlight import LineHighlighter, language_label

LINK = 'target="_blank" rel="noopener noreferrer nofollow ugc"'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("a\nb", "<p>a\nb</p>"),
        ("a  \nb\\\nc", "<p>a<br>b<br>c</p>"),
        ("# a\n\n## b\n\n### c\n\n#### d\n\n###### e",
         "<h3>a</h3><h4>b</h4><h5>c</h5><h6>d</h6><h6>e</h6>"),
        ("a\n=\n\nb\n-", "<h3>a</h3><h4>b</h4>"),
        ("#no\n\n# yes #", "<p>#no</p><h3>yes</h3>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("- a\n  - b\n    1. c", "<ul><li>a<ul><li>b<ol><li>c</li></ol></li></ul></li></ul>"),
        ("- a\n* b", "<ul><li>a</li></ul><ul><li>b</li></ul>"),
        ("- a\n - b\n  - c\n   - d\n    - e",
         "<ul><li>a</li><li>b</li><li>c</li><li>d\n- e</li></ul>"),
        ("text\n2. no list", "<p>text\n2. no list</p>"),
        ("- [ ] a\n- [x] b\n- [y] c",
         '<ul><li><span class="task">☐</span> a</li><li><span class="task done">☑</span> b</li>'
         "<li>[y] c</li></ul>"),
        ("> a\nb\n\n> c", "<blockquote><p>a\nb</p></blockquote><blockquote><p>c</p></blockquote>"),
        ("***\n---\n_ _ _", "<hr><hr><hr>"),
        ("*a* **b** ***c*** _d_ __e__ ~~f~~",
         "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> "
         "<strong>e</strong> <del>f</del></p>"),
        ("a * b* snake_case_name **open", "<p>a * b* snake_case_name **open</p>"),
        ("**强调（注）**后 *（斜）*体 ~~删（除）~~后",
         "<p><strong>强调（注）</strong>后 <em>（斜）</em>体 <del>删（除）</del>后</p>"),
        ("`a` ``b`c`` `d", "<p><code>a</code> <code>b`c</code> `d</p>"),
        (r"\*a\* \# \\ \a", r"<p>*a* # \ \a</p>"),
        ("&copy; &#35; &nope; & <", "<p>© # &amp;nope; &amp; &lt;</p>"),
        ("<b>x</b>\n\n<div>\n*y*\n</div>",
         "<p>&lt;b&gt;x&lt;/b&gt;</p><p>&lt;div&gt;\n<em>y</em>\n&lt;/div&gt;</p>"),
        ("[a](https://a.test 'b') <https://c.test>",
         f'<p><a href="https://a.test" title="b" {LINK}>a</a> '
         f'<a href="https://c.test" {LINK}>https://c.test</a></p>'),
        ("[a][B] [b] [c]\n\n[b]: https://b.test", f'<p><a href="https://b.test" {LINK}>a</a> '
         f'<a href="https://b.test" {LINK}>b</a> [c]</p>'),
        ("[a](b) [c](ftp://d)", "<p>[a](b) [c](ftp://d)</p>"),
        ("see https://a.test/b_c_d(e)). or `https://no.test`",
         f'<p>see <a href="https://a.test/b_c_d(e)" {LINK}>https://a.test/b_c_d(e)</a>). or '
         "<code>https://no.test</code></p>"),
        ("见https://a.test/b，或 www.a.test a.py",
         f'<p>见<a href="https://a.test/b" {LINK}>https://a.test/b</a>，或 www.a.test a.py</p>'),
        ("[![x](https://i.test/a.png)](https://b.test)",
         f'<p><a href="https://b.test" {LINK}>x</a></p>'),
        ("| a | b | c |\n|:--|:-:|--:|\n| 1 | `x\\|y` |\n",
         '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th class="center">b</th>'
         '<th class="right">c</th></tr></thead><tbody><tr><td>1</td>'
         '<td class="center"><code>x|y</code></td><td class="right"></td></tr></tbody>'
         "</table></div>"),
        ("a | b\nno table", "<p>a | b\nno table</p>"),
        ("    x\n\n    y\n", '<figure class="code"><figcaption></figcaption><pre tabindex="0">'
         "<code>x\n\ny\n</code></pre></figure>"),
        ("```nonsense\na < b\n```\n",
         '<figure class="code" data-lang="nonsense"><figcaption>nonsense</figcaption>'
         '<pre tabindex="0"><code>a &lt; b\n</code></pre></figure>'),
        ("```py\nx = 1\ny = ",
         '<figure class="code" data-lang="py"><figcaption>py</figcaption><pre tabindex="0">'
         '<code>x = <span class="m">1</span>\n<span class="partial">y = </span></code></pre>'
         "</figure>"),
        ("a\0b\ud800", "<p>a\ufffdb\ufffd</p>"),
        ("a\r\nb\rc", "<p>a\nb\nc</p>"),
    ],
)  # fmt: skip
def test_rendering(source, html):
    assert render(source) == html


def test_the_result_is_marked_safe():
    assert isinstance(render("*a*"), SafeString)


@pytest.mark.parametrize(
    "source", ["$x^2$", r"\(x^2\)", "$$x^2$$", "$$\nx^2\n$$", "\\[\nx^2\n\\]", r"\[ x^2 \]."]
)
def test_formulas_become_mathml(source):
    html = render(source)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert ('display="block"' in html) is not (source[:2] in ("$x", r"\("))


@pytest.mark.parametrize(
    "source",
    ["costs $5 and $10", "$ x $", r"\$x$", "`$x$`", "a$ b$", "$$", "$$ $$", "US$5, US$6"],
)
def test_money_is_no_formula(source):
    assert "<math" not in render(source)


@pytest.mark.parametrize("latex", [r"x^2^3", r"\left(", r"\begin{foo}", "{" * 50])
def test_a_formula_that_cannot_be_read_shows_its_source(latex):
    html = render(f"${latex}$")
    assert f'<code class="math">${latex}$</code>' in html


def test_an_open_formula_block_shows_its_source_until_it_closes():
    assert '<code class="math">$$\nx =</code>' in render("$$\nx = ")
    assert "<p>after</p>" in render("$$\nx = \n\nafter")


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("c", "/* one\n two */ int x;\n", '<span class="c"> two */</span> <span class="kt">int'),
        ("python", 'x = """a\nb""" + 1\n', '<span class="s">b"""</span> + <span class="m">1'),
        ("js", "x = `a\n${1} b`;\n", '<span class="se">${</span><span class="m">1</span>'),
        ("html", "<script>\nlet x = 1;\n</script>\n", '<span class="k">let</span> x'),
        ("html", "<!-- a\nb --> <p>\n", '<span class="c">b --&gt;</span> &lt;<span class="nt">p'),
        ("lua", "--[[ a\nb ]] local x\n", '<span class="c">b ]]</span> <span class="k">local'),
        ("php", "$x = 1; /* a\nb */ echo 2;\n", '<span class="c">b */</span> <span class="k">echo'),
        ("diff", "+a\n-b\n", '<span class="gi">+a</span>\n<span class="gd">-b</span>\n'),
        ("c", "int size_t\n", '<span class="kt">int size_t</span>'),
        ("yaml", "a:\n  - b: c # d\n", '<span class="c"># d</span>'),
    ],
)  # fmt: skip
def test_a_line_is_coloured_by_what_came_before_it(language, code, expected):
    highlighter = LineHighlighter(language)
    assert expected in "".join(highlighter.line(line) for line in code.splitlines(keepends=True))


def test_long_lines_and_failing_lexers_stay_plain(monkeypatch):
    highlighter = LineHighlighter("python")
    assert highlighter.line("x" * 3_000 + " = 1 < 2\n").endswith(" = 1 &lt; 2\n")
    assert highlighter.line("y = 1\n") == 'y = <span class="m">1</span>\n'

    def fail(text):
        raise RecursionError

    monkeypatch.setattr(highlighter, "_fresh", fail)
    assert highlighter.line("z < 1\n") == "z &lt; 1\n"


@pytest.mark.parametrize(
    ("info", "label"),
    [
        ("python", "python"), ("C++ x", "c++"), ("", ""), ("  js", "js"), ('"><b>', ""),
        ("x" * 33, ""), ("中文", ""), ("{.py}", ""), ("objective-c", "objective-c"), ("c#", "c#"),
    ],
)  # fmt: skip
def test_a_language_is_shown_only_if_it_may_be_one(info, label):
    assert language_label(info) == label
