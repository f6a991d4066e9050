"""Shapes: surfaces of revolution, rounded boxes, cushions, folded cloth, tubes. Lengths in decimetres, floor at z = 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, pi, sin, tau
from typing import Any

import bpy
from mathutils import Matrix, Vector, noise

Point = tuple[float, float]
Space = tuple[float, float, float]


def mesh(
    vertices: Sequence[Sequence[float]],
    faces: Sequence[Sequence[int]],
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: Space = (0, 0, 0),
    smooth: bool = True,
    uvs: Sequence[Point] | None = None,
) -> Any:
    """A new object from vertices and faces; `uvs` is per vertex."""
    data = bpy.data.meshes.new("mesh")
    data.from_pydata([tuple(v) for v in vertices], [], [tuple(f) for f in faces])
    data.update()
    if uvs:
        layer = data.uv_layers.new().data
        for loop in data.loops:
            layer[loop.index].uv = uvs[loop.vertex_index]
    data.polygons.foreach_set("use_smooth", [smooth] * len(data.polygons))
    data.materials.append(material)
    thing = bpy.data.objects.new("thing", data)
    thing.visible_shadow = not material.get("glow", False)
    thing.location, thing.rotation_euler = at, turn
    bpy.context.collection.objects.link(thing)
    return thing


def curve(points: Sequence[Point], steps: int = 10) -> list[Point]:
    """A Catmull-Rom line through the points; a repeated point makes a corner."""
    line: list[Point] = []
    for i in range(len(points) - 1):
        p0, p1, p2, p3 = (points[min(max(j, 0), len(points) - 1)] for j in (i - 1, i, i + 1, i + 2))
        if p1 == p2:
            continue
        for k in range(steps):
            line.append(tuple(_spline(p0[d], p1[d], p2[d], p3[d], k / steps) for d in (0, 1)))  # type: ignore[arg-type]
    return [*line, points[-1]]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def lathe(
    profile: Sequence[Point],
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: Space = (0, 0, 0),
    segments: int = 96,
    shape: Callable[[float, float], float] | None = None,
    smooth: bool = True,
) -> Any:
    """Turn (radius, height) points around z. `shape(angle, height)` scales the radius: ribs, facets, twists."""
    vertices: list[Space] = []
    uvs: list[Point] = []
    for row, (r, z) in enumerate(profile):
        for s in range(segments):
            angle = tau * s / segments
            rr = r * (shape(angle, z) if shape else 1.0)
            vertices.append((rr * cos(angle), rr * sin(angle), z))
            uvs.append((s / segments, row / max(1, len(profile) - 1)))
    faces = [
        (
            row * segments + s,
            row * segments + (s + 1) % segments,
            (row + 1) * segments + (s + 1) % segments,
            (row + 1) * segments + s,
        )
        for row in range(len(profile) - 1)
        for s in range(segments)
    ]
    return mesh(vertices, faces, material, at=at, turn=turn, smooth=smooth, uvs=uvs)


def vessel(
    outer: Sequence[Point], wall: float = 0.06, *, steps: int = 10, floor: float | None = None
) -> list[Point]:
    """Close an outer line (bottom to rim) with a rounded rim and an inner line back to the axis."""
    line = curve(outer, steps)
    inside = [(max(0.001, r - wall), z) for r, z in line]
    base = line[0][1] + (floor if floor is not None else wall * 1.6)
    inner = [p for p in reversed(inside) if p[1] > base]
    rim_r, rim_z = line[-1]
    rim = [
        (rim_r - wall / 2 + wall / 2 * cos(a), rim_z + wall / 2 * sin(a))
        for a in (pi / 5, pi * 0.4, pi * 0.6, pi * 0.8)
    ]
    return [(0.0, line[0][1]), *line, *rim, *inner, (inner[-1][0] * 0.9, base), (0.0, base)]


def ball(radius: float, material: Any, *, at: Space, squash: float = 1.0) -> Any:
    line = [(radius * sin(pi * k / 40), -radius * squash * cos(pi * k / 40)) for k in range(41)]
    return lathe(line, material, at=at)


def disc(
    radius: float,
    height: float,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    edge: float = 0.02,
    turn: Space = (0, 0, 0),
    segments: int = 96,
) -> Any:
    """A solid cylinder with softened edges."""
    e = min(edge, height / 2, radius)
    line = [
        (0, 0),
        (radius - e, 0),
        (radius - e * 0.3, e * 0.3),
        (radius, e),
        (radius, height - e),
        (radius - e * 0.3, height - e * 0.3),
        (radius - e, height),
        (0, height),
    ]
    return sharp(lathe(line, material, at=at, turn=turn, segments=segments))


def sharp(thing: Any, angle: float = 0.6) -> Any:
    """Shade smooth except over edges steeper than the angle."""
    thing.data.set_sharp_from_angle(angle=angle)
    return thing


def box(
    size: Space,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    edge: float = 0.04,
    turn: Space = (0, 0, 0),
    segments: int = 3,
) -> Any:
    """A rounded box standing on z = at.z, with UVs per face from Blender's own cube."""
    bpy.ops.mesh.primitive_cube_add(size=1, calc_uvs=True)
    thing = bpy.context.object
    thing.data.transform(_scaling(size, lift=size[2] / 2))
    thing.location, thing.rotation_euler = at, turn
    thing.data.materials.append(material)
    bevel = thing.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments = min(edge, min(size) / 2.05), segments
    thing.data.polygons.foreach_set("use_smooth", [True] * len(thing.data.polygons))
    bevel.harden_normals = True
    return thing


def _scaling(size: Space, lift: float) -> Any:
    return Matrix.Translation((0, 0, lift)) @ Matrix.Diagonal((*size, 1))


def sheet(
    width: float,
    height: float,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: Space = (0, 0, 0),
    bend: Callable[[float, float], float] | None = None,
    cells: int = 1,
) -> Any:
    """A flat rectangle in x-y centred on its place, UV 0-1; `bend(u, v)` lifts it."""
    n = cells
    vertices = [
        ((i / n - 0.5) * width, (j / n - 0.5) * height, bend(i / n, j / n) if bend else 0.0)
        for j in range(n + 1)
        for i in range(n + 1)
    ]
    faces = [
        (j * (n + 1) + i, j * (n + 1) + i + 1, (j + 1) * (n + 1) + i + 1, (j + 1) * (n + 1) + i)
        for j in range(n)
        for i in range(n)
    ]
    return mesh(
        vertices,
        faces,
        material,
        at=at,
        turn=turn,
        uvs=[(i / n, j / n) for j in range(n + 1) for i in range(n + 1)],
    )


def tube(
    points: Sequence[Space],
    radius: float,
    material: Any,
    *,
    closed: bool = False,
    at: Space = (0, 0, 0),
    smooth: bool = True,
) -> Any:
    """A round rod along a line: handles, cables, wires, stems."""
    data = bpy.data.curves.new("tube", "CURVE")
    data.dimensions, data.bevel_depth, data.bevel_resolution = "3D", radius, 4
    line = data.splines.new("NURBS" if smooth else "POLY")
    line.points.add(len(points) - 1)
    for point, (x, y, z) in zip(line.points, points):
        point.co = (x, y, z, 1)
    line.use_cyclic_u, line.use_endpoint_u, data.use_fill_caps = closed, not closed, True
    if smooth:
        line.order_u, line.resolution_u = 4, 8
    data.materials.append(material)
    thing = bpy.data.objects.new("tube", data)
    thing.location = at
    bpy.context.collection.objects.link(thing)
    return thing


def ring(
    radius: float,
    thick: float,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: Space = (0, 0, 0),
    flat: float = 1.0,
) -> Any:
    """A torus lying in x-y."""
    line = [(radius + thick * cos(tau * k / 32), thick * flat * sin(tau * k / 32)) for k in range(33)]
    return lathe(line, material, at=at, turn=turn, segments=128)


def cushion(
    width: float,
    height: float,
    depth: float,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: Space = (0, 0, 0),
    seed: float = 0.0,
    wrinkle: float = 0.05,
) -> Any:
    """A stuffed cushion lying in x-y: full middle, thin pinched seam, slack corners, small creases."""
    n = 60
    vertices: list[Space] = []
    faces: list[tuple[int, ...]] = []
    uvs: list[Point] = []
    for side in (1, -1):
        start = len(vertices)
        for j in range(n + 1):
            for i in range(n + 1):
                vertices.append(
                    _cushion_point(2 * i / n - 1, 2 * j / n - 1, (width, height, depth), side, seed, wrinkle)
                )
                uvs.append((i / n, j / n))
        for j in range(n):
            for i in range(n):
                quad = [
                    start + j * (n + 1) + i,
                    start + j * (n + 1) + i + 1,
                    start + (j + 1) * (n + 1) + i + 1,
                    start + (j + 1) * (n + 1) + i,
                ]
                faces.append(tuple(quad if side == 1 else reversed(quad)))
    return mesh(vertices, faces, material, at=at, turn=turn, uvs=uvs)


def _cushion_point(u: float, v: float, size: Space, side: int, seed: float, wrinkle: float) -> Space:
    pull = 1 - 0.07 * (1 - v * v) * abs(u) ** 3, 1 - 0.07 * (1 - u * u) * abs(v) ** 3
    full = max(0.0, (1 - abs(u) ** 2.6) * (1 - abs(v) ** 2.6)) ** 0.5
    crease = noise.noise(Vector((u * 2.2 + seed, v * 2.2, side * 3 + seed))) * wrinkle * full
    edge = (1 - full) * full * 4 * noise.noise(Vector((u * 7 + seed, v * 7, seed))) * wrinkle * 0.8
    return (
        u * size[0] / 2 * pull[0],
        v * size[1] / 2 * pull[1],
        side * (size[2] / 2 * full + crease + edge + 0.01),
    )


def folded(
    width: float,
    depth: float,
    layers: int,
    thick: float,
    material: Any,
    *,
    at: Space = (0, 0, 0),
    turn: float = 0.0,
    seed: float = 0.0,
    soft: float = 0.04,
) -> Any:
    """A blanket folded to and fro: one thick serpentine sheet, folds at the sides, layers a little uneven."""
    path = _serpentine(width, layers, thick)
    n = 40
    vertices: list[Space] = []
    uvs: list[Point] = []
    length = len(path) - 1
    for k, (x, z) in enumerate(path):
        for j in range(n + 1):
            v = j / n
            wave = noise.noise(Vector((x * 0.9 + seed, v * 2.4 * depth, z * 0.7 + seed))) * soft
            sag = 0.015 * sin(v * pi * 3 + seed + z)
            vertices.append(
                (
                    x + wave * 0.6,
                    (v - 0.5) * depth + noise.noise(Vector((z * 3 + seed, x * 0.4, 0))) * soft,
                    z + wave + sag * soft * 8,
                )
            )
            uvs.append((k / length * layers, v))
    faces = [
        (k * (n + 1) + j, k * (n + 1) + j + 1, (k + 1) * (n + 1) + j + 1, (k + 1) * (n + 1) + j)
        for k in range(length)
        for j in range(n)
    ]
    thing = mesh(vertices, faces, material, at=at, turn=(0, 0, turn), uvs=uvs)
    solid = thing.modifiers.new("solid", "SOLIDIFY")
    solid.thickness, solid.offset = thick * 0.86, 0
    puff = thing.modifiers.new("round", "BEVEL")
    puff.width, puff.segments, puff.limit_method = thick * 0.3, 3, "ANGLE"
    return thing


def _serpentine(width: float, layers: int, thick: float) -> list[Point]:
    path: list[Point] = []
    for layer in range(layers):
        z = thick * (layer + 0.5)
        way = 1 if layer % 2 == 0 else -1
        path += [(way * (t / 24 - 0.5) * width, z) for t in range(25)]
        if layer < layers - 1:
            path += [
                (way * (width / 2 + thick * 0.62 * sin(pi * t / 9)), z + thick * t / 9) for t in range(1, 9)
            ]
    return path
