"""Pictures that lessons make keep their words: MyST-NB drops what IPython notes of them."""

from __future__ import annotations

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer


def keep() -> None:
    """Have every picture of an output carry the ``alt`` of its metadata, and its real size."""
    plain = NbElementRenderer.render_image

    def render_image(self: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
        made = plain(self, data)
        words = data.output_metadata.get(data.mime_type, {}).get("alt")
        for element in made:
            for image in element.findall(nodes.image):
                if words:
                    image["alt"] = words
        return made

    NbElementRenderer.render_image = render_image
