"""A page without a browser: takes a socket's messages in and knows what is on show.

The fake writes "w0 w1 w2 …", so that what is shown can be told from the text alone: every number
from 0 on, once and in order. What a message takes away or shows twice is noted in `wrongs`.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"br", "hr", "img", "input", "wbr", "path", "use"}
_STEP = re.compile(r">(?P<tag>\w+)?(?::(?P<which>last-child|nth-child\((?P<n>\d+)\)))?")


@dataclass(eq=False)
class Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)
    parent: "Node | None" = None

    @property
    def elements(self) -> list["Node"]:
        return [child for child in self.children if isinstance(child, Node)]

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def every(self):
        yield self
        for child in self.elements:
            yield from child.every()

    def add(self, children: list["Node | str"]) -> None:
        for child in children:
            if isinstance(child, Node):
                child.parent = self
        self.children += children


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.at = self.root = Node("")

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs))
        self.at.add([node])
        if tag not in _VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.at.add([Node(tag, dict(attrs))])

    def handle_endtag(self, tag):
        if tag not in _VOID:
            assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
            self.at = self.at.parent

    def handle_data(self, data):
        self.at.add([data])


def parse(html: str) -> list[Node | str]:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root.children


class Page:
    """The messages of one conversation as a page shows them."""

    def __init__(self) -> None:
        self.messages = Node("main", {"id": "messages"})
        self.most: dict[str, int] = defaultdict(int)  # words ever shown of each run
        self.wrongs: list[str] = []

    def apply(self, message: dict[str, str]) -> None:
        target, swap, content = message["target"], message["swap"], message["content"]
        if swap.startswith("upsert"):
            for node in parse(content):
                if isinstance(node, Node):
                    self._upsert(node)
        elif target.startswith("#run-"):
            self._swap(self._find(target), swap, parse(content))
        self._check()

    def prose(self, run_id: object) -> Node | None:
        return self._by_id(f"run-{run_id}")

    def words(self, run_id: object) -> list[int]:
        """Return the numbers of the words on show of a run."""
        node = self.prose(run_id)
        return [int(n) for n in re.findall(r"w(\d+)", node.text)] if node else []

    def state(self, run_id: object) -> str | None:
        node = self.prose(run_id)
        while node is not None and node.tag != "article":
            node = node.parent
        return node.attributes.get("data-state") if node else None

    def _by_id(self, element_id: str) -> Node | None:
        every = self.messages.every()
        return next((n for n in every if n.attributes.get("id") == element_id), None)

    def _upsert(self, node: Node) -> None:
        self._keep(node)
        known = self._by_id(node.attributes.get("id") or "")
        if known is None:
            self.messages.add([node])
        else:
            self._swap(known, "outerHTML", [node])

    def _keep(self, node: Node) -> None:
        """Do as htmx does with `hx-preserve`: what the page has takes the place of what came."""
        for new in node.every():
            if "hx-preserve" in new.attributes:
                kept = self._by_id(new.attributes["id"] or "")
                assert kept is not None, "a text is sent as known that is not on the page"
                new.children = kept.children

    def _find(self, selector: str) -> Node:
        base, arrow, rest = selector.partition(">")
        node = self._by_id(base.strip().removeprefix("#"))
        assert node is not None, f"a message for {base}, which is not on the page"
        steps = list(_STEP.finditer(arrow + rest))
        assert "".join(step[0] for step in steps) == arrow + rest, selector
        for step in steps:
            node = _child(node, step)
        return node

    def _swap(self, node: Node, swap: str, content: list[Node | str]) -> None:
        if swap == "innerHTML":
            node.children = []
            node.add(content)
        elif swap == "beforeend":
            node.add(content)
        elif swap in ("outerHTML", "delete"):
            parent, at = node.parent, node.parent.children.index(node)
            parent.children[at : at + 1] = content
            for child in content:
                if isinstance(child, Node):
                    child.parent = parent
        else:
            raise AssertionError(f"unknown swap {swap}")

    def _check(self) -> None:
        for node in self.messages.every():
            run_id = (node.attributes.get("id") or "").removeprefix("run-")
            if node.attributes.get("id") != f"run-{run_id}":
                continue
            words = self.words(run_id)
            if words != list(range(len(words))):
                self.wrongs.append(f"run {run_id} shows {words}")
            if len(words) < self.most[run_id]:
                self.wrongs.append(f"run {run_id} takes back {self.most[run_id]} -> {len(words)}")
            self.most[run_id] = max(self.most[run_id], len(words))


def _child(node: Node, step: re.Match[str]) -> Node:
    children = node.elements
    if step["which"] == "last-child":
        children = children[-1:]
    elif step["which"]:
        children = children[int(step["n"]) - 1 : int(step["n"])]
    children = [c for c in children if not step["tag"] or c.tag == step["tag"]]
    assert children, f"nothing at {step[0]} below <{node.tag}>"
    return children[0]
