"""The photo studio: seamless backdrop, lights, camera that frames whatever stands there, render settings."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import bpy
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from materials import matt
from palette import linear


@dataclass(frozen=True)
class View:
    """How a picture is taken. Angles in degrees; `fill` is the share of the frame the subject takes."""

    azimuth: float = -22.0
    elevation: float = 11.0
    fill: float = 0.74
    light: str = "soft"  # soft, sun (window light), dim (lamps), back (glass)
    backdrop: str = "bone"
    lens: float = 80.0
    lift: float = 0.0  # moves the subject up (+) or down (-) in the frame, in shares of its height
    side: float = 0.0
    aspect: tuple[int, int] = (4, 5)
    wall: float = 9.0  # distance of the backdrop's rise
    floor: str | None = None
    close: float = 1.0  # > 1 goes nearer than framing would
    blur: float = 0.0  # aperture; 0 is everything sharp


SAMPLES = {"soft": 5, "sun": 6, "dim": 8, "back": 10}


def clear() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)


def shoot(view: View, path: str, width: int, threads: int) -> None:
    """Light, frame and render what is in the scene to a PNG."""
    things = list(bpy.context.scene.objects)
    bpy.context.view_layer.update()
    corners = [
        t.matrix_world @ Vector(c)
        for t in things
        if t.type in {"MESH", "CURVE"} and not t.get("unframed")
        for c in t.bound_box
    ]
    _settings(view, width, threads)
    camera = _camera(view, corners)
    _backdrop(view, corners)
    LIGHTS[view.light](view, corners)
    _fit(camera, view, corners)
    scene = bpy.context.scene
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)


def _settings(view: View, width: int, threads: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling = SAMPLES[view.light], False
    cycles.use_denoising, cycles.denoiser, cycles.denoising_input_passes = (
        True,
        "OPENIMAGEDENOISE",
        "RGB_ALBEDO_NORMAL",
    )
    cycles.denoising_prefilter, cycles.denoising_quality, cycles.use_light_tree = "FAST", "FAST", False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 8, 2, 3
    cycles.transmission_bounces, cycles.transparent_max_bounces = 8, 8
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect, cycles.blur_glossy = 4.0, 1.0
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.resolution_x, scene.render.resolution_y = (
        width,
        round(width * view.aspect[1] / view.aspect[0]),
    )
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform, scene.view_settings.look = "AgX", "AgX - Medium High Contrast"
    scene.view_settings.exposure = 0.32


def _camera(view: View, corners: list[Any]) -> Any:
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width = view.lens, 36
    data.sensor_fit = "HORIZONTAL"
    camera = bpy.data.objects.new("camera", data)
    bpy.context.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    az, el = radians(view.azimuth), radians(view.elevation)
    way = Vector((sin(az) * cos(el), -cos(az) * cos(el), sin(el)))
    camera["way"] = way
    camera.rotation_euler = (-way).to_track_quat("-Z", "Y").to_euler()
    camera.location = _middle(corners) + way * 30
    return camera


def _middle(corners: list[Any]) -> Any:
    low, high = (Vector([pick(c[i] for c in corners) for i in range(3)]) for pick in (min, max))
    return (low + high) / 2


def _fit(camera: Any, view: View, corners: list[Any]) -> None:
    """Move the camera until the subject's outline takes `fill` of the frame and is centred."""
    scene = bpy.context.scene
    way, distance = Vector(camera["way"]), 30.0
    target = _middle(corners)
    for _ in range(5):
        camera.location = target + way * distance
        bpy.context.view_layer.update()
        seen = [world_to_camera_view(scene, camera, c) for c in corners]
        xs, ys = [p.x for p in seen], [p.y for p in seen]
        size = max((max(xs) - min(xs)) / view.fill, (max(ys) - min(ys)) / (view.fill * 1.02))
        distance *= size
        right, up = (
            camera.matrix_world.to_quaternion() @ Vector((1, 0, 0)),
            camera.matrix_world.to_quaternion() @ Vector((0, 1, 0)),
        )
        span = 36 / view.lens * distance
        target = (
            target
            + right * ((max(xs) + min(xs)) / 2 - 0.5) * span
            + up * ((max(ys) + min(ys)) / 2 - 0.5) * span * view.aspect[1] / view.aspect[0]
        )
    span = 36 / view.lens * distance
    target = target - up * (view.lift - 0.02) * span - right * view.side * span
    camera.location = target + way * distance / view.close
    if view.blur:
        camera.data.dof.use_dof, camera.data.dof.focus_distance = True, distance / view.close
        camera.data.dof.aperture_fstop = 1 / view.blur


def _backdrop(view: View, corners: list[Any]) -> None:
    """A sweep: floor, quarter-round rise, wall, wide enough never to end inside the frame."""
    from forms import mesh

    scale = _scale(corners)
    back, radius, wide = view.wall * scale, 3.5 * scale, 40 * scale
    line = [(-30 * scale, 0.0), (back - radius, 0.0)]
    line += [
        (back - radius + radius * sin(radians(a)), radius - radius * cos(radians(a))) for a in range(5, 91, 5)
    ]
    line.append((back, 40 * scale))
    vertices = [(x, y, z) for y, z in line for x in (-wide, wide)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(line) - 1)]
    floor = min(0.0, min(c.z for c in corners)) - 0.003
    thing = mesh(vertices, faces, matt(view.backdrop, 0.85), at=(0, 0, floor))
    thing.rotation_euler = (0, 0, radians(view.azimuth))


def _scale(corners: list[Any]) -> float:
    low, high = (Vector([pick(c[i] for c in corners) for i in range(3)]) for pick in (min, max))
    return max(0.3, (high - low).length / 3.2)


def _area(
    place: tuple[float, float, float],
    power: float,
    size: float,
    colour: str,
    corners: list[Any],
    stretch: float = 1.0,
    turn: float = 0.0,
) -> Any:
    """A softbox aimed at the subject; place and size are relative to the subject's size."""
    scale, middle = _scale(corners), _middle(corners)
    data = bpy.data.lights.new("area", "AREA")
    data.shape, data.size, data.size_y = "RECTANGLE", size * scale, size * stretch * scale
    data.energy, data.color = power * scale * scale, linear(colour)[:3]
    lamp = bpy.data.objects.new("area", data)
    c, s = cos(turn), sin(turn)
    spot = Vector((place[0] * c - place[1] * s, place[0] * s + place[1] * c, place[2])) * scale
    lamp.location = middle + spot
    lamp.rotation_euler = (-spot).to_track_quat("-Z", "Y").to_euler()
    bpy.context.collection.objects.link(lamp)
    return lamp


def _world(colour: str, strength: float) -> None:
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = linear(colour)
    world.node_tree.nodes["Background"].inputs[1].default_value = strength


def _soft(view: View, corners: list[Any]) -> None:
    turn = radians(view.azimuth)
    _world("#f4efe8", 0.42)
    _area((-4.5, -3.0, 5.0), 760, 3.4, "#fff1df", corners, turn=turn)
    _area((5.0, 1.5, 2.2), 130, 2.0, "#e4eefc", corners, 1.8, turn=turn)


def _sun(view: View, corners: list[Any]) -> None:
    """Low window light: a hard-ish lamp behind panes throws light bars over subject and wall."""
    turn = radians(view.azimuth)
    _world("#eef1f5", 0.5)
    lamp = _area((-9.0, -5.0, 7.0), 5200, 0.7, "#ffdcae", corners, turn=turn)
    _panes(lamp, corners)
    _area((4.0, -5.0, 3.0), 90, 4.0, "#f1ebe2", corners, turn=turn)


def _panes(lamp: Any, corners: list[Any]) -> None:
    from forms import sheet

    scale = _scale(corners)
    solid = matt("#222222")
    for x, y, wide, high in PANES:
        _before(sheet(wide * scale, high * scale, solid), lamp, x * scale, y * scale, scale)


def _before(bar: Any, lamp: Any, x: float, y: float, scale: float) -> None:
    turn = lamp.rotation_euler.to_matrix()
    bar.rotation_euler = lamp.rotation_euler
    bar.location = lamp.location + turn @ Vector((x, y, -5.0 * scale))
    bar.visible_camera = bar.visible_glossy = bar.visible_diffuse = bar.visible_transmission = False
    bar["unframed"] = True


def _dim(view: View, corners: list[Any]) -> None:
    """Evening: little light from outside, the product lights itself."""
    turn = radians(view.azimuth)
    _world("#dfe6f2", 0.16)
    _area((-4.5, -3.0, 5.0), 210, 3.4, "#f2efff", corners, turn=turn)
    _area((5.0, 2.5, 3.0), 60, 1.6, "#ffd9b0", corners, 2.0, turn=turn)


def _back(view: View, corners: list[Any]) -> None:
    """Glass: the bright field behind draws the edges, two strips give clean highlights."""
    turn = radians(view.azimuth)
    _world("#f2f1ee", 0.35)
    _area((-4.2, -1.5, 3.2), 330, 1.4, "#fff3e2", corners, 2.6, turn=turn)
    _area((4.4, -1.0, 2.6), 150, 0.9, "#e9f1ff", corners, 2.8, turn=turn)
    _area((0.0, 3.4, 7.0), 620, 4.0, "#fff6ea", corners, turn=turn)


PANES = ((-3.1, 0, 3.4, 12), (3.1, 0, 3.4, 12), (0, 0, 0.16, 12), (0, -1.5, 12, 0.16), (0, 1.1, 12, 0.16))
LIGHTS = {"soft": _soft, "sun": _sun, "dim": _dim, "back": _back}
