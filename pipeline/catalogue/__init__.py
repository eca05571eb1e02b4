"""Detector models: which there are, where their files lie, how they are fetched and checked.

`listing.py` reads `models/models.yaml`; `find.py` turns a name or a path into a file and its entry; `guess.py` knows a
graph without an entry; `fetch.py` downloads. What a model says about a picture is `perceive/person.py`.
"""

from pipeline.catalogue.fetch import pull
from pipeline.catalogue.find import BUILTIN, locate, resolve
from pipeline.catalogue.listing import FOLDERS_VARIABLE, SHIPPED, Model, ModelEntry, entries, folders

__all__ = [
    "BUILTIN",
    "FOLDERS_VARIABLE",
    "SHIPPED",
    "Model",
    "ModelEntry",
    "entries",
    "folders",
    "locate",
    "pull",
    "resolve",
]
