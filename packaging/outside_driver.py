"""Uses a running Muster from outside, through what it tells assistive technology. Runs on Debian's own Python.

Started by packaging/installer_run.py as `/usr/bin/python3 outside_driver.py STEP [ARGUMENT …]`; Debian's package
python3-pyatspi brings what it imports. Prints what it found as one line of JSON. It knows Muster's controls by their
accessible ids, which are their object names.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyatspi
from gi.repository import GLib

Node = Any
"""An accessible: the library that brings them has no types."""

LIMIT_S = 60.0
_POLL_S = 0.1


class NotThere(Exception):
    """What was not found in time."""


# ------------------------------------------------------------------------------------------------------------ looking


def application() -> Node:
    """Muster as the accessibility bus knows it."""
    desktop = pyatspi.Registry.getDesktop(0)
    for index in range(desktop.childCount):
        child = desktop.getChildAtIndex(index)
        if child is not None and child.name.lower() == "muster":
            return child
    return None


def identity(node: Node) -> str:
    """The control's object name: Qt says it with those of the controls around it."""
    try:
        return (node.get_accessible_id() or "").rpartition(".")[2]
    except GLib.Error:
        return ""


def below(node: Node) -> Iterator[Node]:
    """Every accessible below, those of a window that just closed left out."""
    try:
        for index in range(node.childCount):
            child = node.getChildAtIndex(index)
            if child is not None:
                yield child
                yield from below(child)
    except GLib.Error:
        return


def is_shown(node: Node) -> bool:
    """Whether a person sees it."""
    try:
        return bool(node.getState().contains(pyatspi.STATE_SHOWING))
    except GLib.Error:
        return False


def wait(look: Callable[[], Any], what: str) -> Any:
    """What `look` gives as soon as it gives something."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotThere(what)
        time.sleep(_POLL_S)


def find(name: str, inside: Node = None) -> Node:
    """The shown control of that name."""

    def look() -> Node:
        top = inside or application()
        return top and next((node for node in below(top) if identity(node) == name and is_shown(node)), None)

    return wait(look, f"a control called {name}")


def says(words: str, inside: Node = None) -> str:
    """The shown text that holds the words."""

    def look() -> Node:
        top = inside or application()
        for node in below(top) if top else ():
            if words in (node.name or "") and is_shown(node):
                return node.name
        return None

    return str(wait(look, f"a text with “{words}”"))


# ------------------------------------------------------------------------------------------------------------ handling


def press(node: Node) -> None:
    """Presses a button, opens a menu, chooses what a click would."""
    action = node.queryAction()
    names = [action.getName(index).lower() for index in range(action.nActions)]
    wanted = next((index for index, name in enumerate(names) if name in ("press", "toggle", "click")), 0)
    action.doAction(wanted)


def write(node: Node, text: str) -> None:
    """Puts text into a field, as if typed."""
    node.queryEditableText().setTextContents(text)


def text_of(node: Node) -> str:
    """What stands in a field."""
    content = node.queryText()
    return str(content.getText(0, content.characterCount))


def choose(box: Node, label: str) -> None:
    """Chooses in a combo box by keyboard, as its letters are typed."""
    box.queryComponent().grabFocus()
    wait(lambda: box.getState().contains(pyatspi.STATE_FOCUSED), "the focus in the box")
    for letter in label:
        pyatspi.Registry.generateKeyboardEvent(0, letter, pyatspi.KEY_STRING)
    wait(lambda: shows(box, label), f"{label} chosen among {[node.name for node in below(box)]}")


def shows(box: Node, label: str) -> bool:
    """Whether the combo box shows that choice."""
    if box.name == label:
        return True
    chosen = [node.name for node in below(box) if node.getState().contains(pyatspi.STATE_SELECTED)]
    return label in chosen


def tree() -> list[list[str]]:
    """All that is shown, for looking."""
    top = application()
    return [[identity(node), node.getRoleName(), node.name] for node in below(top) if is_shown(node)] if top else []


Step = Callable[..., Any]
STEPS: dict[str, Step] = {}


def step(function: Step) -> Step:
    """Makes a function a step that can be asked for."""
    STEPS[function.__name__] = function
    return function


@step
def attend() -> int:
    """Starts the accessibility bus, as a desktop does when a person logs in; the number of programs on it."""
    return int(pyatspi.Registry.getDesktop(0).childCount)


@step
def show() -> list[list[str]]:
    """All that is shown."""
    wait(application, "Muster on the accessibility bus")
    return tree()


@step
def add_provider(name: str, base_url: str) -> str:
    """Registers a server by *Providers*, and gives what *Check connection* says of it."""
    press(find("toolbar_providers"))
    dialog = find("providers_dialog")
    press(find("add_provider", dialog))
    write(find("provider_name", dialog), name)
    write(find("provider_base_url", dialog), base_url)
    press(find("save_provider", dialog))
    says(name, find("provider_list", dialog))
    press(find("provider_check", dialog))
    outcome: str = wait(lambda: _shown_name("provider_check_outcome", dialog), "what the check found")
    press(find("close", dialog))
    wait(lambda: not is_shown(dialog), "the dialog closes")
    return outcome


def _shown_name(name: str, inside: Node) -> str:
    return next((node.name for node in below(inside) if identity(node) == name and is_shown(node)), "")


@step
def add_model(provider: str, model_id: str, name: str) -> str:
    """Registers a model, and gives what the table then shows of it."""
    press(find("toolbar_add"))
    dialog = find("model_dialog")
    choose(find("provider", dialog), provider)
    write(find("model_id", dialog), model_id)
    write(find("display_name", dialog), name)
    press(wait(lambda: _enabled("ok", dialog), "the button that adds it"))
    wait(lambda: not is_shown(dialog), "the dialog closes")
    return says(name, find("models"))


def _enabled(name: str, inside: Node) -> Node:
    for node in below(inside):
        if identity(node) == name and node.getState().contains(pyatspi.STATE_ENABLED):
            return node
    return None


@step
def ask(prompt: str) -> dict[str, str]:
    """Runs the selected model on the prompt, and gives its answer with what the window says of the run."""
    press(find("toolbar_try"))
    panel = find("try_panel")
    write(find("prompt", panel), prompt)
    press(wait(lambda: _enabled("run_button", panel), "the button that runs it"))
    status = wait(lambda: _finished(panel), "the end of the run")
    return {"answer": text_of(find("answer_text", panel)), "status": status}


def _finished(panel: Node) -> str:
    words = _shown_name("run_status", panel)
    return words if "finished" in words else ""


@step
def take_over() -> dict[str, str]:
    """Imports what the open plan shows; gives what its button said, and what the window says of it then."""
    dialog = find("import_dialog")
    button = wait(lambda: _enabled("import_apply", dialog), "the button that imports")
    said = button.name
    press(button)
    wait(lambda: not is_shown(dialog), "the dialog closes")
    return {"button": said, "notice": says("Imported ")}


@step
def row_of(name: str) -> str:
    """What the table shows of the model of that name."""
    return says(name, find("models"))


@step
def export(tool: str, path_end: str) -> dict[str, str]:
    """Writes the selected model into a tool's file; gives what was said of it before and after."""
    press(find("toolbar_export"))
    dialog = find("export_dialog")
    tools = find("export_targets", dialog)
    wait(lambda: tools.getState().contains(pyatspi.STATE_FOCUSED), "the focus in the list of tools")
    for letter in tool:
        pyatspi.Registry.generateKeyboardEvent(0, letter, pyatspi.KEY_STRING)
    says(path_end, dialog)
    press(wait(lambda: _enabled("export_write", dialog), "the button that writes"))
    planned = _shown_name("export_state", dialog)
    written = wait(lambda: _starting(_shown_name("export_summary", dialog), "Wrote "), "what was written")
    press(find("export_close", dialog))
    wait(lambda: not is_shown(dialog), "the dialog closes")
    return {"planned": planned, "written": written}


def _starting(text: str, words: str) -> str:
    return text if text.startswith(words) else ""


@step
def wait_for(words: str) -> str:
    """The text that holds the words, as soon as it is shown."""
    return says(words)


@step
def leave() -> str:
    """*File ▸ Quit*."""
    menus = [node for node in below(find("main_window")) if node.getRole() == pyatspi.ROLE_MENU_ITEM]
    press(next(node for node in menus if node.name == "File"))
    press(wait(lambda: next((node for node in below(application()) if node.name == "Quit"), None), "Quit"))
    return "asked"


def main(arguments: list[str]) -> int:
    """Does the step and prints what it gave."""
    try:
        found = STEPS[arguments[0]](*arguments[1:])
    except NotThere as missing:
        print(json.dumps({"missing": str(missing), "shown": tree()}))
        return 1
    print(json.dumps({"found": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
