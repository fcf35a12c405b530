"""Screens hold no words of their own: all texts are messages of `ui/words`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CODE = [PROJECT / "app.py", *sorted((PROJECT / "pages").glob("*.py")), *sorted((PROJECT / "ui").rglob("*.py"))]
# Methods that show their first arguments to a user, on `st`, a column, a tab or a container.
SHOWN = {
    "title": 1, "header": 1, "subheader": 1, "caption": 1, "markdown": 1, "write": 9, "text": 1, "info": 1,
    "warning": 1, "error": 1, "success": 1, "toast": 1, "spinner": 1, "status": 1, "button": 1, "checkbox": 1,
    "toggle": 1, "radio": 2, "selectbox": 2, "multiselect": 2, "segmented_control": 2, "pills": 2, "slider": 1,
    "select_slider": 1, "text_input": 1, "text_area": 1, "number_input": 1, "file_uploader": 1, "form_submit_button": 1,
    "download_button": 1, "link_button": 1, "page_link": 0, "popover": 1, "expander": 1, "tabs": 1, "metric": 1,
    "progress": 0, "dialog": 1, "Column": 1, "NumberColumn": 1, "TextColumn": 1, "ImageColumn": 1, "CheckboxColumn": 1,
    "SelectboxColumn": 1, "ProgressColumn": 1, "LinkColumn": 1,
}  # fmt: skip
# Arguments by name that a user reads, whatever they are given to.
READ = {"label", "help", "placeholder", "caption", "title", "title_text", "alt", "show_spinner", "text"}
READ |= {"hovertemplate"}
CHOICES = {"radio", "selectbox", "multiselect", "segmented_control", "pills", "tabs"}
# Not words: icons, Markdown colours, HTML tags, places in a hover text, addresses, names of files.
SIGNS = re.compile(r":material/\w+:|:[a-z]+\[|<[^>]*>|%\{[^}]*\}|&\w+;|https?://\S+|\b[\w-]+\.[a-z]{2,5}\b")
LOG = re.compile(r"\blog\b|\blogging\b|getLogger")
WORD = re.compile(r"[^\W\d_]{2,}")
# Names that are the same in every language.
NAMES = {
    "FossilViT",
    "Explorer",
    "CSV",
    "PNG",
    "SVG",
    "GIF",
    "MP4",
    "ZIP",
    "SHA",
    "px",
    "HDBSCAN",
    "UMAP",
    "PCA",
    "auto",
    "leaf",
    "eom",
}


def words_in(node: ast.expr) -> Iterator[str]:
    """Yield the words of a literal: string, f-string, sum, choice or list."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (word for word in WORD.findall(SIGNS.sub(" ", node.value)) if word not in NAMES)
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from words_in(part)
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        for part in node.elts:
            yield from words_in(part)
    elif isinstance(node, ast.BinOp):
        yield from words_in(node.left)
        yield from words_in(node.right)
    elif isinstance(node, ast.IfExp):
        yield from words_in(node.body)
        yield from words_in(node.orelse)


def spoken_literals(source: str) -> list[str]:
    """Return `line: words` for every call that shows literal text."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if LOG.search(ast.unparse(node.func)):
            continue  # logs are for administrators
        options = {"options"} if name in CHOICES else set()
        shown = list(node.args[: SHOWN.get(name, 0)]) if isinstance(node.func, ast.Attribute) else []
        if any(keyword.arg == "format_func" for keyword in node.keywords):
            shown = shown[:1]  # its options are names that a function puts into words
            options = set()
        shown += [keyword.value for keyword in node.keywords if keyword.arg in READ | options]
        words = [word for argument in shown for word in words_in(argument)]
        if words:
            found.append(f"{node.lineno}: {' '.join(words)}")
    return found


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_screens__hold_no_words(path: Path) -> None:
    """Labels, help, captions, titles, tabs and columns are messages."""
    assert spoken_literals(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'st.title("Search")',
        'left.button(f"Find {name}")',
        'st.selectbox(say("x"), ["auto", "none"])',
        'st.slider(label, help="More views see more.")',
        'st.tabs(["One", "Two"])',
        'figure.update_layout(title="Variance")',
        'column_config.NumberColumn("Faces")',
        '@st.cache_data(show_spinner="Clustering …")\ndef f(): pass',
    ],
)
def test_spoken_literals__finds_words(line: str) -> None:
    """The test above finds these."""
    assert spoken_literals(line)


@pytest.mark.parametrize(
    "line",
    [
        'st.title(say("search-title"))',
        'st.markdown(f"**{name}**")',
        'st.button(say("x"), icon=":material/search:", width="stretch", key="find me")',
        'st.selectbox(say("x"), ["auto", "none"], format_func=spoken)',
        'st.caption(f":material/build: {text}")',
        'st.html("<style>body { color: red }</style>")',
    ],
)
def test_spoken_literals__leaves_names_alone(line: str) -> None:
    """Keys, icons and options that a function puts into words are no words."""
    assert spoken_literals(line) == []
