"""The last word on markup: what may be in a page that shows text nobody here wrote.

Every element and attribute the renderer makes is listed, and nothing else. Authors cannot write
HTML at all (it is shown as text); this holds even if a parser rule is wrong about that.
"""

import nh3

from boundary.markdown.highlight import CLASSES

LINK_REL = "noopener noreferrer nofollow ugc"
LINK_SCHEMES = {"http", "https", "mailto"}

_FORMULA_TAGS = {
    "math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup",
    "mtable", "mtd", "mtext", "mtr", "munder", "munderover", "none",
}  # fmt: skip
_FORMULA_ATTRIBUTES = {
    "accent", "accentunder", "columnalign", "columnlines", "columnspacing", "depth", "display",
    "displaystyle", "fence", "form", "height", "largeop", "linethickness", "lspace", "mathvariant",
    "maxsize", "minsize", "movablelimits", "notation", "rowlines", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip
_TEXT_TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "figcaption", "figure", "h3", "h4", "h5",
    "h6", "hr", "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip

_page = nh3.Cleaner(
    tags=_TEXT_TAGS | _FORMULA_TAGS,
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "title"},
        "figure": {"data-lang"},
        "ol": {"start"},
        **dict.fromkeys(_FORMULA_TAGS, _FORMULA_ATTRIBUTES),
    },
    tag_attribute_values={"pre": {"tabindex": {"0"}}, "div": {"tabindex": {"0"}}},
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel=LINK_REL,
    url_schemes=LINK_SCHEMES,
    url_relative="deny",
    allowed_classes={
        "a": {"image"},
        "code": {"math"},
        "div": {"table", "formula"},
        "figure": {"code"},
        "pre": {"plain"},
        "span": {*CLASSES.values(), "partial", "task", "done"},
        "td": {"center", "right"},
        "th": {"center", "right"},
    },
)
_formula = nh3.Cleaner(
    tags=_FORMULA_TAGS,
    clean_content_tags={"script", "style"},
    attributes=dict.fromkeys(_FORMULA_TAGS, _FORMULA_ATTRIBUTES),
    url_schemes=set(),
    url_relative="deny",
)


def clean(html: str) -> str:
    """Return `html` with nothing but what the renderer may make."""
    return _page.clean(html)


def clean_formula(html: str) -> str:
    """Return MathML without anything that links, styles, or embeds."""
    return _formula.clean(html)
