"""Framed prints, drawn for this shop; each comes in two frames and two sizes."""

from __future__ import annotations

from typing import Any

from source import Item, sized


def framed(
    slug: str, title: tuple[str, str], text: tuple[str, str], designer: str, eur: int = 6900, **more: Any
) -> Item:
    options = {"frame": ["oak", "black"], "size": ["30x40", sized("50x70", 5000, 2.3)]}
    attributes = {"material": "paper", "designer": designer, "paper_weight": 240, "origin": "germany"}
    return Item(slug, "prints", title, eur, 1300, attributes, text, options, **more)


ITEMS = [
    framed(
        "print-strata",
        ("Strata art print", "Kunstdruck Strata"),
        (
            "Seven ridges, one behind the other, from wet rust to morning haze. Drawn from a train window between Innsbruck and Bozen and reduced to what stayed in memory. Pigment print on cotton paper, framed behind acrylic glass.",
            "Sieben Bergrücken hintereinander, von nassem Rost bis Morgendunst. Gezeichnet am Zugfenster zwischen Innsbruck und Bozen und auf das verkürzt, was im Gedächtnis blieb. Pigmentdruck auf Baumwollpapier, gerahmt hinter Acrylglas.",
        ),
        "Mira Sand",
        featured=True,
        related=("print-tide", "print-contour"),
    ),
    framed(
        "print-orbit",
        ("Orbit art print", "Kunstdruck Orbit"),
        (
            "A large circle, a small one and the paths between them. The composition is balanced on a single point in the lower third, and you can feel it without knowing. Printed in three spot colours that overlap.",
            "Ein großer Kreis, ein kleiner und die Bahnen dazwischen. Die Komposition ruht auf einem einzigen Punkt im unteren Drittel, und man spürt das, ohne es zu wissen. Gedruckt in drei Sonderfarben, die sich überlagern.",
        ),
        "Jonas Reuter",
        stock={"black-50x70": (0, 0)},
    ),
    framed(
        "print-tide",
        ("Tide art print", "Kunstdruck Tide"),
        (
            "Five hundred lines that follow one another like water around stones. The drawing was made by a plotter with a single pen, in one night. The print keeps every place where the ink ran short.",
            "Fünfhundert Linien, die einander folgen wie Wasser um Steine. Ein Plotter hat die Zeichnung in einer Nacht gemacht, mit einem einzigen Stift. Der Druck behält jede Stelle, an der die Tinte knapp wurde.",
        ),
        "Lena Voss",
        stock={"oak-50x70": (2, 0)},
    ),
    framed(
        "print-werkstatt",
        ("Werkstatt art print", "Kunstdruck Werkstatt"),
        (
            "Quarter circles, squares and triangles on a grid of four by five: a bow to the workshops of the twenties. No shape touches its like. Works above a desk and in any hallway that lacks order.",
            "Viertelkreise, Quadrate und Dreiecke im Raster vier mal fünf: eine Verbeugung vor den Werkstätten der Zwanziger. Keine Form berührt ihresgleichen. Gut über dem Schreibtisch und in jedem Flur, dem Ordnung fehlt.",
        ),
        "Jonas Reuter",
        featured=True,
        related=("print-orbit",),
    ),
    framed(
        "print-farn",
        ("Farn art print", "Kunstdruck Farn"),
        (
            "One frond of bracken, leaf by leaf, in a green that is nearly black. Cut in linoleum first, which is why the edges are alive. For people whose plants do not stay green.",
            "Ein einziger Farnwedel, Blatt für Blatt, in einem Grün, das fast schwarz ist. Zuerst in Linoleum geschnitten, darum leben die Kanten. Für Menschen, deren Pflanzen nicht grün bleiben.",
        ),
        "Ines Abel",
        related=("print-garten",),
    ),
    framed(
        "print-mond",
        ("Moon phases art print", "Kunstdruck Mondphasen"),
        (
            "Twenty-eight nights in four rows, cream on midnight blue. Every disc has its own grain, like the real one through a cheap telescope. Matt black ink that swallows the light of the lamp beside it.",
            "Achtundzwanzig Nächte in vier Reihen, Creme auf Mitternachtsblau. Jede Scheibe hat ihr eigenes Korn, wie die echte im billigen Fernrohr. Matte Farbe, die das Licht der Lampe daneben schluckt.",
        ),
        "Lena Voss",
        stock={"oak-30x40": (0, 3)},
    ),
    framed(
        "print-garten",
        ("Garten cut-out print", "Kunstdruck Garten"),
        (
            "Leaves, seaweed and something that might be a hand: cut from painted paper and arranged on the floor until it sang. Five loud colours that agree with each other. The most cheerful thing we sell.",
            "Blätter, Algen und etwas, das eine Hand sein könnte: aus bemaltem Papier geschnitten und auf dem Boden gelegt, bis es sang. Fünf laute Farben, die sich vertragen. Das Heiterste, was wir verkaufen.",
        ),
        "Mira Sand",
        related=("print-farn",),
    ),
    framed(
        "print-contour",
        ("Contour art print", "Kunstdruck Contour"),
        (
            "The height lines of an island that does not exist, drawn at twenty-metre steps. Look long enough and you will have chosen a bay. Fine lines in petrol on warm white, sharp down to a tenth of a millimetre.",
            "Die Höhenlinien einer Insel, die es nicht gibt, in Stufen von zwanzig Metern. Wer lange genug hinsieht, hat sich eine Bucht ausgesucht. Feine Linien in Petrol auf warmem Weiß, scharf bis auf ein Zehntelmillimeter.",
        ),
        "Lena Voss",
    ),
    framed(
        "print-weben",
        ("Weben art print", "Kunstdruck Weben"),
        (
            "Bands go over and under each other like warp and weft, enlarged a hundred times. Eight colours, two directions and a shadow at each crossing that makes you want to lift one. Quiet from afar, busy up close.",
            "Bänder laufen über- und untereinander wie Kette und Schuss, hundertfach vergrößert. Acht Farben, zwei Richtungen und an jeder Kreuzung ein Schatten, der zum Anheben verführt. Von weitem ruhig, von nahem beschäftigt.",
        ),
        "Ines Abel",
        stock={"black-30x40": (1, 1)},
    ),
    framed(
        "print-mittag",
        ("Mittag art print", "Kunstdruck Mittag"),
        (
            "A sun, an arch and a flight of stairs at the hour when shadows are shortest. The colours come from the plaster of a village in Apulia. Hang it opposite a window and the room has two.",
            "Eine Sonne, ein Bogen und eine Treppe zu der Stunde, in der die Schatten am kürzesten sind. Die Farben stammen vom Putz eines Dorfs in Apulien. Gegenüber einem Fenster aufgehängt, hat das Zimmer zwei.",
        ),
        "Mira Sand",
        featured=True,
        related=("print-strata",),
    ),
]
