"""Procedural materials: glaze, metal, wood, fabric, paper, glass, wax. No texture files; artwork images are drawn by art.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from palette import linear, mixed


@dataclass(frozen=True)
class Graph:
    """A material's node tree with short ways to add and join nodes."""

    material: Any

    @property
    def tree(self) -> Any:
        return self.material.node_tree

    def add(self, kind: str, *, inputs: dict[Any, Any] | None = None, **settings: Any) -> Any:
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[name])
            else:
                node.inputs[name].default_value = value
        return node

    @property
    def shader(self) -> Any:
        return self.tree.nodes["Principled BSDF"]

    def feed(self, source: Any, socket: str) -> None:
        self.tree.links.new(source, self.shader.inputs[socket])

    def place(self, kind: str = "Object", scale: tuple[float, float, float] = (1, 1, 1)) -> Any:
        coords = self.add("ShaderNodeTexCoord").outputs[kind]
        return self.add("ShaderNodeMapping", inputs={"Vector": coords, "Scale": scale}).outputs[0]

    def ramp(self, factor: Any, stops: list[tuple[float, tuple[float, float, float, float]]]) -> Any:
        node = self.add("ShaderNodeValToRGB", inputs={"Fac": factor})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops):
            element.position, element.color = position, colour
        return node.outputs["Color"]

    def bump(self, height: Any, strength: float, distance: float = 0.02) -> None:
        node = self.add(
            "ShaderNodeBump", inputs={"Height": height, "Strength": strength, "Distance": distance}
        )
        self.feed(node.outputs[0], "Normal")


def principled(colour: str, rough: float = 0.5, **more: Any) -> Graph:
    """A material with one principled shader; `more` names its sockets in words (coat_weight=0.5)."""
    material = bpy.data.materials.new("m")
    material.use_nodes = True
    graph = Graph(material)
    graph.shader.inputs["Base Color"].default_value = linear(colour)
    graph.shader.inputs["Roughness"].default_value = rough
    for name, value in more.items():
        graph.shader.inputs[SOCKETS.get(name, name.replace("_", " ").title())].default_value = value
    return graph


SOCKETS = {"ior": "IOR"}


def matt(colour: str, rough: float = 0.7, bump: float = 0.0, scale: float = 20.0) -> Any:
    graph = principled(colour, rough)
    if bump:
        noise = graph.add(
            "ShaderNodeTexNoise", inputs={"Vector": graph.place(), "Scale": scale, "Detail": 4.0}
        )
        graph.bump(noise.outputs[0], bump)
    return graph.material


def glaze(
    colour: str,
    *,
    rough: float = 0.28,
    speckle: str | None = None,
    speckles: float = 0.36,
    dip: str | None = None,
    dip_at: float = 0.5,
) -> Any:
    """Fired glaze: a clear coat, slow colour drift, optional iron speckles, optional second glaze above a height (0-1)."""
    graph = principled(colour, rough, coat_weight=0.35, coat_roughness=0.12)
    where = graph.place()
    drift = graph.add("ShaderNodeTexNoise", inputs={"Vector": where, "Scale": 1.6, "Detail": 3.0})
    shade = graph.add("ShaderNodeHueSaturation", inputs={"Color": linear(colour), "Value": 1.0})
    level = graph.add(
        "ShaderNodeMapRange", inputs={"Value": drift.outputs[0], 1: 0.3, 2: 0.7, 3: 0.86, 4: 1.1}
    )
    graph.tree.links.new(level.outputs[0], shade.inputs["Value"])
    result = shade.outputs[0]
    if dip:
        result = _dipped(graph, result, dip, dip_at)
    if speckle:
        result = _speckled(graph, result, speckle, speckles)
    graph.feed(result, "Base Color")
    wobble = graph.add("ShaderNodeTexNoise", inputs={"Vector": where, "Scale": 5.0, "Detail": 2.0})
    graph.bump(wobble.outputs[0], 0.25, 0.03)
    return graph.material


def _dipped(graph: Graph, base: Any, colour: str, at: float) -> Any:
    height = graph.add("ShaderNodeSeparateXYZ", inputs={0: graph.place("Generated")}).outputs["Z"]
    ripple = graph.add("ShaderNodeTexNoise", inputs={"Vector": graph.place(), "Scale": 2.2}).outputs[0]
    line = graph.add(
        "ShaderNodeMath", operation="MULTIPLY_ADD", inputs={0: ripple, 1: 0.10, 2: height}
    ).outputs[0]
    mask = graph.ramp(line, [(at + 0.045, (0, 0, 0, 1)), (at + 0.055, (1, 1, 1, 1))])
    return graph.add(
        "ShaderNodeMixRGB", inputs={"Fac": mask, "Color1": base, "Color2": linear(colour)}
    ).outputs[0]


def _speckled(graph: Graph, base: Any, colour: str, amount: float) -> Any:
    cells = graph.add(
        "ShaderNodeTexVoronoi", inputs={"Vector": graph.place(), "Scale": 16.0, "Randomness": 1.0}
    )
    dots = graph.ramp(
        cells.outputs["Distance"], [(amount * 0.45, (1, 1, 1, 1)), (amount * 0.6, (0, 0, 0, 1))]
    )
    pick = graph.ramp(cells.outputs["Color"], [(0.45, (0, 0, 0, 1)), (0.55, (1, 1, 1, 1))])
    both = graph.add(
        "ShaderNodeMixRGB", blend_type="MULTIPLY", inputs={"Fac": 1.0, "Color1": dots, "Color2": pick}
    )
    return graph.add(
        "ShaderNodeMixRGB", inputs={"Fac": both.outputs[0], "Color1": base, "Color2": linear(colour)}
    ).outputs[0]


def metal(colour: str, rough: float = 0.25) -> Any:
    return principled(colour, rough, metallic=1.0).material


def lacquer(colour: str, rough: float = 0.35) -> Any:
    """Powder-coated or painted metal."""
    return principled(colour, rough, coat_weight=0.3, coat_roughness=0.25).material


def wood(tone: str = "oak", along: str = "z", scale: float = 1.0) -> Any:
    """Straight grain along one axis: stretched noise for fibre, waves for year rings."""
    stretch = {"x": (0.35, 5, 5), "y": (5, 0.35, 5), "z": (5, 5, 0.35)}[along]
    graph = principled(tone, 0.5, coat_weight=0.08)
    where = graph.place(scale=tuple(s * scale for s in stretch))
    fibre = graph.add(
        "ShaderNodeTexNoise", inputs={"Vector": where, "Scale": 3.0, "Detail": 6.0, "Distortion": 0.4}
    )
    dark = [c * 0.45 for c in linear(tone)[:3]]
    light = [min(1.0, c * 1.35) for c in linear(tone)[:3]]
    graph.feed(
        graph.ramp(fibre.outputs[0], [(0.3, (*dark, 1)), (0.5, linear(tone)), (0.72, (*light, 1))]),
        "Base Color",
    )
    graph.bump(fibre.outputs[0], 0.15, 0.01)
    return graph.material


def fabric(
    colour: str,
    *,
    threads: float = 26.0,
    strength: float = 0.5,
    second: str | None = None,
    stripes: float = 0.0,
    axis: str = "X",
    check: bool = False,
    width: float = 0.5,
    slub: float = 0.25,
) -> Any:
    """Woven cloth: two crossing wave textures as bump, a little fuzz, optional stripes or checks of a second colour."""
    graph = principled(colour, 0.9, sheen_weight=0.35, sheen_roughness=0.5)
    uv = graph.place("UV", (1, 1, 1))
    warp = graph.add(
        "ShaderNodeTexWave", bands_direction="X", inputs={"Vector": uv, "Scale": threads, "Distortion": 0.6}
    )
    weft = graph.add(
        "ShaderNodeTexWave", bands_direction="Y", inputs={"Vector": uv, "Scale": threads, "Distortion": 0.6}
    )
    cloth = graph.add(
        "ShaderNodeMath", operation="MAXIMUM", inputs={0: warp.outputs[1], 1: weft.outputs[1]}
    ).outputs[0]
    base: Any = graph.add("ShaderNodeRGB").outputs[0]
    base.default_value = linear(colour)
    if second and stripes:
        base = _striped(graph, uv, base, second, (stripes, width), axis)
        if check:
            base = _striped(graph, uv, base, second, (stripes, width), "Y" if axis == "X" else "X", 0.5)
    yarn = graph.add(
        "ShaderNodeTexNoise", inputs={"Vector": graph.place("UV", (3, 40, 1)), "Scale": 6.0, "Detail": 3.0}
    )
    level = graph.add(
        "ShaderNodeMapRange", inputs={"Value": yarn.outputs[0], 1: 0.3, 2: 0.7, 3: 1 - slub, 4: 1 + slub / 2}
    )
    shade = graph.add("ShaderNodeHueSaturation", inputs={"Color": base, "Value": level.outputs[0]})
    graph.feed(shade.outputs[0], "Base Color")
    graph.bump(cloth, strength, 0.02)
    return graph.material


def _striped(
    graph: Graph, uv: Any, base: Any, colour: str, bands: tuple[float, float], axis: str, fade: float = 1.0
) -> Any:
    count, width = bands
    part = graph.add("ShaderNodeSeparateXYZ", inputs={0: uv}).outputs[axis]
    times = graph.add("ShaderNodeMath", operation="MULTIPLY", inputs={0: part, 1: count}).outputs[0]
    rest = graph.add("ShaderNodeMath", operation="FRACT", inputs={0: times}).outputs[0]
    over = graph.add("ShaderNodeMath", operation="LESS_THAN", inputs={0: rest, 1: width}).outputs[0]
    soft = graph.add("ShaderNodeMath", operation="MULTIPLY", inputs={0: over, 1: fade}).outputs[0]
    return graph.add(
        "ShaderNodeMixRGB", inputs={"Fac": soft, "Color1": base, "Color2": linear(colour)}
    ).outputs[0]


def velvet(colour: str) -> Any:
    graph = principled(colour, 0.8, sheen_weight=1.0, sheen_roughness=0.3)
    noise = graph.add("ShaderNodeTexNoise", inputs={"Vector": graph.place(), "Scale": 60.0})
    graph.bump(noise.outputs[0], 0.3, 0.01)
    return graph.material


def glass(colour: str = "clear", rough: float = 0.0, depth: float = 1.0, ior: float = 1.45) -> Any:
    """Coloured glass; shadow rays pass tinted, which stands in for caustics and keeps the noise low."""
    material = bpy.data.materials.new("glass")
    material.use_nodes = True
    graph = Graph(material)
    tint = tuple(1 - (1 - c) * depth for c in linear(colour)[:3])
    bsdf = graph.add(
        "ShaderNodeBsdfGlass", inputs={"Color": (*tint, 1), "Roughness": rough, "IOR": ior}
    ).outputs[0]
    through = graph.add(
        "ShaderNodeBsdfTransparent", inputs={"Color": (*(c * 0.92 for c in tint), 1)}
    ).outputs[0]
    ray = graph.add("ShaderNodeLightPath").outputs["Is Shadow Ray"]
    mix = graph.add("ShaderNodeMixShader", inputs={0: ray, 1: bsdf, 2: through}).outputs[0]
    graph.tree.links.new(mix, graph.tree.nodes["Material Output"].inputs["Surface"])
    return material


def wax(colour: str) -> Any:
    return principled(colour, 0.45, subsurface_weight=0.5, subsurface_scale=0.25, coat_weight=0.1).material


def glow(colour: str, strength: float) -> Any:
    """Something that shines; forms.mesh lets it throw no shadow, so a light may sit inside."""
    material = principled(colour, 0.6, emission_color=linear(colour), emission_strength=strength).material
    material["glow"] = True
    return material


def shade(colour: str, strength: float = 0.0, rough: float = 0.8) -> Any:
    """Lampshade: diffuse and translucent, with a little light of its own so a lit lamp reads as lit."""
    graph = principled(
        colour, rough, emission_color=linear(mixed(colour, "#ffd9a0", 0.5)), emission_strength=strength
    )
    thin = graph.add("ShaderNodeBsdfTranslucent", inputs={"Color": linear(colour)}).outputs[0]
    mix = graph.add("ShaderNodeMixShader", inputs={0: 0.35, 1: graph.shader.outputs[0], 2: thin}).outputs[0]
    graph.tree.links.new(mix, graph.tree.nodes["Material Output"].inputs["Surface"])
    return graph.material


def paper(colour: str = "chalk") -> Any:
    return matt(colour, 0.85, 0.08, 60.0)


def picture(path: str, rough: float = 0.75, bump: float = 0.05, coat: float = 0.0) -> Any:
    """A drawn image laid over the object's UV map."""
    graph = principled("chalk", rough, coat_weight=coat)
    image = graph.add("ShaderNodeTexImage", image=bpy.data.images.load(path))
    graph.feed(image.outputs["Color"], "Base Color")
    noise = graph.add("ShaderNodeTexNoise", inputs={"Vector": graph.place(), "Scale": 90.0})
    graph.bump(noise.outputs[0], bump, 0.01)
    return graph.material
