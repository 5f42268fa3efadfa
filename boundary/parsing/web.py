"""The main text of a web page, as Markdown."""

import trafilatura

from boundary.parsing.encodings import marked


def read(data: bytes) -> tuple[str, str]:
    encoding = marked(data)
    page = data.decode(encoding, "replace") if encoding else data  # else the page itself says it
    found = trafilatura.extract(
        page, output_format="markdown", include_tables=True, include_comments=False
    )
    metadata = trafilatura.extract_metadata(page)
    text = found or trafilatura.html2txt(page)
    return text, (metadata.title if metadata else "") or ""
