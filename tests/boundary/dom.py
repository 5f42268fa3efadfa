"""A small DOM: enough to apply the renderer's patches as htmx does, and to compare trees."""

import re
from html.parser import HTMLParser

EMPTY = {"br", "hr"}
_STEP = re.compile(r">(?::(last-child)|:nth-child\((\d+)\)|([a-z0-9]+))")


class Element:
    def __init__(self, tag, attributes=(), parent=None):
        self.tag, self.attributes, self.parent, self.children = tag, dict(attributes), parent, []

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Element)]

    def normal(self):
        """The tree as tuples, with neighbouring texts as one."""
        children = []
        for child in self.children:
            if isinstance(child, Element):
                children.append(child.normal())
            elif child and children and isinstance(children[-1], str):
                children[-1] += child
            elif child:
                children.append(child)
        return (self.tag, tuple(sorted(self.attributes.items())), tuple(children))

    def walk(self):
        yield self
        for child in self.elements:
            yield from child.walk()


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#fragment")

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs, self.at)
        self.at.children.append(element)
        if tag not in EMPTY:
            self.at = element

    def handle_endtag(self, tag):
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)

    def handle_comment(self, data):
        raise AssertionError("a comment")

    def handle_decl(self, decl):
        raise AssertionError("a declaration")

    def handle_pi(self, data):
        raise AssertionError("a processing instruction")


def parse(html):
    builder = _Builder()
    builder.feed(html)
    builder.close()
    assert builder.at is builder.root, f"<{builder.at.tag}> is not closed"
    return builder.root


class Page:
    """One element, `#run`, to which patches are applied."""

    def __init__(self):
        self.root = Element("#fragment")

    def find(self, selector):
        assert selector.startswith("#run")
        rest, at = selector[4:], self.root
        while rest:
            step = _STEP.match(rest)
            assert step, selector
            last, nth, tag = step.groups()
            found = at.elements
            if last:
                at = found[-1]
            elif nth:
                at = found[int(nth) - 1]
            else:
                at = next(element for element in found if element.tag == tag)
            rest = rest[step.end() :]
        return at

    def apply(self, patches):
        for target, swap, content in patches:
            element = self.find(target)
            new = parse(content).children
            if swap == "beforeend":
                assert new, "an empty change"
                self._adopt(element, new)
                element.children += new
                continue
            assert swap in ("outerHTML", "delete"), swap
            assert bool(new) is (swap == "outerHTML")
            parent = element.parent
            index = next(i for i, child in enumerate(parent.children) if child is element)
            self._adopt(parent, new)
            parent.children[index : index + 1] = new

    @staticmethod
    def _adopt(parent, children):
        for child in children:
            if isinstance(child, Element):
                child.parent = parent


def tree(html):
    return parse(html).normal()
