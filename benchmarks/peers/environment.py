"""Ultralytics, Supervision and other trackers in an environment of their own, without CUDA: they never enter ours.

    python -m benchmarks.peers.environment

It lies in `.build/peers`, with the versions of `requirements.txt`. Ultralytics will not start without a torchvision,
of which there is no build for processors alone; a distribution of that name stands in whose `nms` is Ultralytics' own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".build" / "peers"
PYTHON = FOLDER / "bin" / "python"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_ALONE = ("ultralytics", "supervision", "trackers", "norfair")
_STAND_IN = {
    "torchvision/__init__.py": "from torchvision import ops\n\n__version__ = '0.28.0'\n",
    "torchvision/ops.py": (
        "def nms(boxes, scores, iou_threshold):\n"
        "    from ultralytics.utils.nms import TorchNMS\n\n"
        "    return TorchNMS.nms(boxes, scores, iou_threshold)\n"
    ),
    "torchvision-0.28.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n",
    "torchvision-0.28.0.dist-info/INSTALLER": "zonewatch\n",
    "torchvision-0.28.0.dist-info/RECORD": "",
}


def variables() -> dict[str, str]:
    """Of what runs in it: nothing is asked of, or sent to, anybody else."""
    quiet = {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(FOLDER), "YOLO_VERBOSE": "false"}
    return {**os.environ, **quiet}


def ready() -> str:
    """Make it, once; why it cannot be made, or nothing."""
    done = FOLDER / "done"
    wanted = _REQUIREMENTS.read_text()
    if done.is_file() and done.read_text() == wanted:
        return ""
    try:
        _make(wanted)
    except (subprocess.CalledProcessError, OSError) as error:
        return f"its environment cannot be made ({error})"
    done.write_text(wanted)
    return ""


def _make(wanted: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    pins = [line for line in wanted.splitlines() if line and not line.startswith("#")]
    torch, alone = pins[0], [pin for pin in pins if pin.startswith(_ALONE)]
    _install(torch)
    _install("--no-deps", *alone)
    # A torch of CUDA would be asked for by whatever is resolved without it.
    _install(torch, *(pin for pin in pins[1:] if pin not in alone))
    packages = next((FOLDER / "lib").glob("python*")) / "site-packages"
    for name, text in _STAND_IN.items():
        path = packages / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _install(*words: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if why := ready():
        raise SystemExit(f"benchmarks: {why}")
    print(PYTHON)
