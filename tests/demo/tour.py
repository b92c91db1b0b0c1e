"""The main job, done in the real window by mouse and keyboard, with a picture of each step: `tour ROLL FOLDER`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from core.log import start_log
from gui.application import Application, Program, make_application
from gui.crashes import CrashReports
from gui.model_table import Column
from tests.demo.roll import MODEL, PROVIDER
from tests.window_driver import ShownAnswer, StepFailed, WindowDriver, wait_until

QUESTION = "Where is the Eiffel Tower? Answer with the city and the country."
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Paris", "Lyon", "Rome"]},
        "country": {"type": "string", "enum": ["France", "Italy"]},
        "is_capital": {"type": "boolean"},
    },
    "required": ["city", "country", "is_capital"],
}
ADDED = "SmolLM2 135M, any JSON"


class Tour:
    """The steps, told as they happen."""

    def __init__(self, app: Application, roll: Path, folder: Path) -> None:
        self._folder = folder
        self._started_s = time.monotonic()
        self._number = 0
        self.program = Program(app, CrashReports(start_log()), self._started_s)
        if not self.program.open(roll) or self.program.window is None:
            raise StepFailed("the window does not open")
        window = self.program.window
        window.move(30, 30)
        window.resize(1300, 740)
        wait_until(lambda: self.program.engine is not None, "the engine is started after the first paint", 60)
        if self.program.engine is None:
            raise StepFailed("there is no engine")
        self.driver = WindowDriver(window, self.program.engine, self._keep_picture)

    def say(self, words: str) -> None:
        """One line of what was done, with the seconds since the start."""
        print(f"{time.monotonic() - self._started_s:5.1f} s  {words}", flush=True)

    def _keep_picture(self, name: str, _widget: QWidget) -> None:
        self._number += 1
        path = self._folder / f"{self._number}-{name.replace('_', '-')}.png"
        # The whole screen, as a person sees it: dialogs stand before the window.
        QGuiApplication.primaryScreen().grabWindow(0).save(str(path))
        print(f"         picture: {path}", flush=True)

    def take(self) -> None:
        """All the steps."""
        driver = self.driver
        driver.picture("roll")
        self.say(f"The window shows the roll: {_listed(driver.rows())}.")
        words = driver.check_provider(PROVIDER)
        self.say(f"Providers: checked the connection to “{PROVIDER}”: {words}")
        model_id = driver.cell(MODEL, Column.MODEL_ID)
        driver.add_model(PROVIDER, model_id, ADDED, {"structured_output_mode": "json_mode"})
        self.say(f"Added “{ADDED}” with an override: {driver.cell(ADDED, Column.SETTINGS)}.")
        driver.wait_for_engine()
        self.say("The engine is ready.")
        for name, title in ((MODEL, "json-schema"), (ADDED, "json-mode")):
            answer = driver.ask(name, QUESTION, SCHEMA, max_tokens=80)
            driver.picture(f"answer-{title}")
            self._tell(name, answer)
            driver.show_request()
            driver.picture(f"request-{title}")
            self.say(f"Sent: response_format {answer.request.get('response_format', {}).get('type')}.")
        driver.remove(ADDED)
        driver.picture("removed")
        self.say(f"Removed “{ADDED}”: {_listed(driver.rows())}.")
        driver.undo()
        self.say(f"Undone: {_listed(driver.rows())}.")
        driver.remove(ADDED)
        driver.picture("end")
        self.say("Removed again, for good.")

    def _tell(self, name: str, answer: ShownAnswer) -> None:
        if answer.error:
            self.say(f"“{name}” failed: {answer.error}")
            return
        shown = " ".join(answer.text.split())
        self.say(f"“{name}” answered: {shown[:100]}{'…' if len(shown) > 100 else ''}")
        self.say(f"The answer against the schema: {answer.verdict}")


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def main() -> int:
    """The exit code of the tour."""
    roll, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    tour = Tour(make_application(), roll, folder)
    try:
        tour.take()
    except StepFailed as error:
        tour.say(f"The tour ends here: {error}.")
        return 1
    finally:
        tour.program.close()
    print(f"\nThat was the main job. Pictures of it: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
