"""The blocks that a page is made of, as Markdown or as reStructuredText."""

from __future__ import annotations

import re
from typing import List, Tuple


class Document:
    """Blocks of text, in the order in which they are added."""

    def __init__(self) -> None:
        self._blocks: List[str] = []

    def text(self) -> str:
        return "\n\n".join(self._blocks) + "\n"

    def inline(self, text: str) -> str:
        return text

    def add(self, block: str) -> None:
        self._blocks.append(block)

    def paragraph(self, text: str) -> None:
        self.add(self.inline(text))

    def bullets(self, points: List[str]) -> None:
        self.add("\n".join(f"- {self.inline(point)}" for point in points))

    def numbered(self, points: List[str]) -> None:
        self.add("\n".join(f"{n}. {self.inline(point)}" for n, point in enumerate(points, 1)))

    def title(self, text: str) -> None:
        raise NotImplementedError

    def heading(self, text: str) -> None:
        raise NotImplementedError

    def subheading(self, text: str) -> None:
        raise NotImplementedError

    def code(self, language: str, text: str) -> None:
        raise NotImplementedError

    def table(self, head: Tuple[str, str, str], rows: List[Tuple[str, str, str]]) -> None:
        raise NotImplementedError


class Markdown(Document):
    def title(self, text: str) -> None:
        self.add(f"# {text}")

    def heading(self, text: str) -> None:
        self.add(f"## {text}")

    def subheading(self, text: str) -> None:
        self.add(f"### {text}")

    def code(self, language: str, text: str) -> None:
        self.add(f"```{language}\n{text}\n```")

    def table(self, head: Tuple[str, str, str], rows: List[Tuple[str, str, str]]) -> None:
        lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in [head, *rows]]
        lines.insert(1, " | ".join(["---"] * 3))
        self.add("\n".join(f"| {line} |" for line in lines))


class Rst(Document):
    def inline(self, text: str) -> str:
        text = re.sub(r"\[([^]]+)\]\(#[^)]*\)", r"\1", text.replace("\\", "\\\\"))
        return re.sub(r"`([^`]+)`", r"``\1``", text)

    def title(self, text: str) -> None:
        self.add(f"{'=' * len(text)}\n{text}\n{'=' * len(text)}")

    def heading(self, text: str) -> None:
        self.add(f"{text}\n{'-' * len(text)}")

    def subheading(self, text: str) -> None:
        self.add(f"{text}\n{'#' * len(text)}")

    def code(self, language: str, text: str) -> None:
        indented = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
        self.add(f".. code-block:: {language}\n\n{indented}")

    def table(self, head: Tuple[str, str, str], rows: List[Tuple[str, str, str]]) -> None:
        lines = [".. list-table::", "    :header-rows: 1", ""]
        for row in [head, *rows]:
            for place, cell in enumerate(row):
                lines.append(f"    {'*' if place == 0 else ' '} - {self.inline(cell)}".rstrip())
        self.add("\n".join(lines))
