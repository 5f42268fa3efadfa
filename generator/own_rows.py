"""What the buttons beside the rows of variables do with them, before anything is saved."""

import re
from typing import Any

from django.utils.translation import gettext as _

from generator.own_content import MOST_VARIABLES
from generator.own_forms import Editor, shown
from generator.own_variables import Variable, used_in

Row = dict[str, Any]  # a row as it was typed
_OF_ONE = re.compile(r"(up|down|remove)-(\d{1,3})")


def is_button(pressed: str) -> bool:
    return pressed in ("add", "find") or _OF_ONE.fullmatch(pressed) is not None


def after(editor: Editor, pressed: str) -> Editor:
    """Return the editor as it is after a button: "add", "find", "up-2", "down-2" or "remove-2"."""
    rows = editor.typed()
    if pressed == "add":
        rows.append(shown(Variable(name="")))
    elif pressed == "find":
        rows += _found(editor, rows)
    elif of_one := _OF_ONE.fullmatch(pressed):
        _move(rows, of_one[1], int(of_one[2]))
    changed = editor.with_rows(rows[:MOST_VARIABLES])
    if len(rows) > MOST_VARIABLES:
        changed.notice = _("A recipe has at most %d variables.") % MOST_VARIABLES
    elif pressed == "add":
        changed.rows.forms[-1].fields["name"].widget.attrs["autofocus"] = True
    return changed


def with_new(editor: Editor) -> tuple[Editor, list[str]]:
    """Return the editor with a row for each name that the texts use and nothing asks for, and these
    names; the editor itself where they would be too many.
    """
    rows = editor.typed()
    new = [row["name"] for row in _found(editor, rows)]
    if not new or len(rows) + len(new) > MOST_VARIABLES:
        return editor, []
    return Editor.posted(after(editor, "find").as_posted()), new


def _found(editor: Editor, rows: list[Row]) -> list[Row]:
    """Return a row for each variable of the texts that has none yet."""
    there = {" ".join(str(row["name"] or "").split()) for row in rows}
    texts = (editor.form[name].value() or "" for name in ("prompt", "instructions"))
    return [shown(variable) for variable in used_in(*texts) if variable.name not in there]


def _move(rows: list[Row], how: str, at: int) -> None:
    if at >= len(rows):
        return
    row = rows.pop(at)
    if how != "remove":
        rows.insert(max(at - 1, 0) if how == "up" else at + 1, row)
