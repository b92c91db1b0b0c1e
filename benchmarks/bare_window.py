"""A window of Qt's with nothing in it: the least that a frozen program of this kind costs."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication, QMainWindow

if __name__ == "__main__":
    app = QApplication(sys.argv)
    window = QMainWindow()
    window.resize(1000, 700)
    window.show()
    sys.exit(app.exec())
