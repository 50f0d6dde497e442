"""What a lesson names becomes a link: other lessons, and files of minipose."""

from __future__ import annotations

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from lessons.book.files import links_in, page_of, source_of


class Links(SphinxPostTransform):
    """Numbers of lessons, and names of files in code, to where they lead."""

    default_priority = 5

    def run(self) -> None:
        """Replace them all over the document, but in headings, links and code of several lines."""
        for text in list(self.document.findall(nodes.Text)):
            if not _within(
                text, (nodes.reference, nodes.title, nodes.literal_block, nodes.literal)
            ):
                self._lessons(text)
        for literal in list(self.document.findall(nodes.literal)):
            path = source_of(literal.astext())
            if path and not _within(literal, (nodes.reference, nodes.title)):
                link = _link(literal.astext(), self._to(page_of(path)), literal=True)
                literal.parent.replace(literal, link)

    def _lessons(self, text: nodes.Text) -> None:
        words, made, at = text.astext(), [], 0
        for begin, end, name in links_in(words, self.env.docname):
            made += [nodes.Text(words[at:begin]), _link(words[begin:end], self._to(name))]
            at = end
        if made:
            text.parent.replace(text, [*made, nodes.Text(words[at:])])

    def _to(self, page: str) -> str:
        return self.app.builder.get_relative_uri(self.env.docname, page)


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, kinds):
            return True
        parent = parent.parent
    return False


def _link(words: str, address: str, literal: bool = False) -> nodes.reference:
    link = nodes.reference("", "", internal=True, refuri=address)
    link += nodes.literal(words, words) if literal else nodes.Text(words)
    return link
