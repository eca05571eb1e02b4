"""A drawn school: three places with fixed cameras, people who do what rules are for, and exactly when they do it.

For the demo, for tests without footage, and as truth that nobody has to label. `place.py` says what a place is,
`play.py` who walks where and what follows from it; `hall.py`, `gate.py` and `car_park.py` are the places with their
plays; `render.py` makes pictures and files of them. All is drawn; no photograph is used.
"""

from pipeline.simulate.scene.place import Place
from pipeline.simulate.scene.play import Crossing, Play, Visit, crossings, visits
from pipeline.simulate.scene.render import Scene, Seen, render

__all__ = ["Crossing", "Place", "Play", "Scene", "Seen", "Visit", "crossings", "render", "visits"]
