"""The shop's vocabulary: categories, attributes and the words for their values, English and German."""

from __future__ import annotations

Words = tuple[str, str]

# slug: (parent, title, description)
CATEGORIES: dict[str, tuple[str | None, Words, Words]] = {
    "ceramics": (
        None,
        ("Ceramics", "Keramik"),
        (
            "Vases, cups and bowls from small potteries in Portugal, Germany and Japan.",
            "Vasen, Becher und Schalen aus kleinen Töpfereien in Portugal, Deutschland und Japan.",
        ),
    ),
    "vases": (
        "ceramics",
        ("Vases", "Vasen"),
        ("For one stem or half a tree.", "Für einen Stiel oder einen halben Baum."),
    ),
    "tableware": (
        "ceramics",
        ("Tableware", "Geschirr"),
        ("Plates, cups and pots for every day.", "Teller, Becher und Kannen für jeden Tag."),
    ),
    "lighting": (
        None,
        ("Lamps", "Leuchten"),
        ("Light to read, eat and think by.", "Licht zum Lesen, Essen und Nachdenken."),
    ),
    "table-lamps": (
        "lighting",
        ("Table lamps", "Tischleuchten"),
        ("For sideboard, desk and bedside.", "Für Sideboard, Schreibtisch und Nachttisch."),
    ),
    "pendants": (
        "lighting",
        ("Pendant lamps", "Pendelleuchten"),
        ("From the ceiling to just above the table.", "Von der Decke bis knapp über den Tisch."),
    ),
    "textiles": (
        None,
        ("Textiles", "Textilien"),
        (
            "Linen, wool and cotton that improve with use.",
            "Leinen, Wolle und Baumwolle, die durch Gebrauch gewinnen.",
        ),
    ),
    "cushions": (
        "textiles",
        ("Cushions & poufs", "Kissen & Poufs"),
        ("Soft things to lean on and to sit on.", "Weiches zum Anlehnen und Sitzen."),
    ),
    "blankets": (
        "textiles",
        ("Blankets & rugs", "Decken & Teppiche"),
        ("Warm above, warm below.", "Oben warm, unten warm."),
    ),
    "kitchen-bath": (
        "textiles",
        ("Kitchen & bath", "Küche & Bad"),
        ("Cloths that do some work.", "Tücher, die etwas tun."),
    ),
    "prints": (
        None,
        ("Art prints", "Kunstdrucke"),
        (
            "Ten sheets by four artists, framed and ready to hang.",
            "Zehn Blätter von vier Künstlerinnen und Künstlern, fertig gerahmt.",
        ),
    ),
    "stationery": (
        None,
        ("Stationery", "Papier & Schreiben"),
        ("Paper, ink and everything around them.", "Papier, Tinte und alles drum herum."),
    ),
    "notebooks": (
        "stationery",
        ("Notebooks & books", "Notizbücher & Bücher"),
        ("To fill and to read.", "Zum Füllen und zum Lesen."),
    ),
    "desk": (
        "stationery",
        ("On the desk", "Auf dem Tisch"),
        ("Pens, letters, planners and tape.", "Stifte, Briefe, Planer und Klebeband."),
    ),
    "storage": (
        None,
        ("Boxes & storage", "Kisten & Ordnung"),
        ("A place for everything that has none.", "Ein Platz für alles, was keinen hat."),
    ),
    "boxes": (
        "storage",
        ("Boxes & drawers", "Schachteln & Schubladen"),
        ("With a lid, with a handle, with a drawer.", "Mit Deckel, mit Griff, mit Lade."),
    ),
    "baskets": (
        "storage",
        ("Baskets & rails", "Körbe & Leisten"),
        ("Woven, welded and turned.", "Geflochten, geschweißt, gedrechselt."),
    ),
    "kitchen-storage": (
        "storage",
        ("Kitchen storage", "Vorrat"),
        ("Bread, tea and flour stay fresh.", "Brot, Tee und Mehl bleiben frisch."),
    ),
    "glass": (
        None,
        ("Glass", "Glas"),
        (
            "Blown, pressed and cut, clear and coloured.",
            "Geblasen, gepresst und geschliffen, klar und farbig.",
        ),
    ),
    "drinking-glasses": (
        "glass",
        ("Drinking glasses & carafes", "Trinkgläser & Karaffen"),
        ("For water, wine and late evenings.", "Für Wasser, Wein und späte Abende."),
    ),
    "glass-objects": (
        "glass",
        ("Glass objects", "Glasobjekte"),
        ("Vases, jars and domes.", "Vasen, Dosen und Glocken."),
    ),
    "accents": (
        None,
        ("Home accents", "Wohnaccessoires"),
        ("The last tenth that makes a room yours.", "Das letzte Zehntel, das ein Zimmer zu Ihrem macht."),
    ),
    "candles": (
        "accents",
        ("Candles & scent", "Kerzen & Duft"),
        ("Wax, wicks and good air.", "Wachs, Docht und gute Luft."),
    ),
    "objects": (
        "accents",
        ("Objects", "Objekte"),
        ("Clocks, mirrors, pots and stools.", "Uhren, Spiegel, Töpfe und Hocker."),
    ),
}

COLOUR: dict[str, Words] = {
    "amber": ("Amber", "Bernstein"),
    "black": ("Black", "Schwarz"),
    "blue": ("Blue", "Blau"),
    "brass": ("Brass", "Messing"),
    "celadon": ("Celadon", "Seladon"),
    "chalk": ("Chalk", "Kreide"),
    "charcoal": ("Charcoal", "Kohle"),
    "clay": ("Clay", "Lehm"),
    "clear": ("Clear", "Klar"),
    "cobalt": ("Cobalt", "Kobalt"),
    "cream": ("Cream", "Creme"),
    "green": ("Green", "Grün"),
    "grey": ("Grey", "Grau"),
    "ink": ("Ink", "Tinte"),
    "lilac": ("Lilac", "Flieder"),
    "moss": ("Moss", "Moos"),
    "mustard": ("Mustard", "Senf"),
    "night": ("Night", "Nacht"),
    "oak": ("Oak", "Eiche"),
    "oat": ("Oat", "Hafer"),
    "ochre": ("Ochre", "Ocker"),
    "olive": ("Olive", "Olive"),
    "petrol": ("Petrol", "Petrol"),
    "red": ("Red", "Rot"),
    "rose": ("Rose", "Rosé"),
    "rust": ("Rust", "Rost"),
    "sage": ("Sage", "Salbei"),
    "sand": ("Sand", "Sand"),
    "sky": ("Sky", "Himmel"),
    "smoke": ("Smoke", "Rauch"),
    "terracotta": ("Terracotta", "Terrakotta"),
}
MATERIAL: dict[str, Words] = {
    "stoneware": ("Stoneware", "Steinzeug"),
    "porcelain": ("Porcelain", "Porzellan"),
    "earthenware": ("Earthenware", "Irdenware"),
    "terracotta": ("Terracotta", "Terrakotta"),
    "steel": ("Steel", "Stahl"),
    "brass": ("Brass", "Messing"),
    "glass": ("Glass", "Glas"),
    "crystal": ("Crystal glass", "Kristallglas"),
    "fabric": ("Fabric", "Stoff"),
    "paper": ("Paper", "Papier"),
    "oak": ("Oak", "Eiche"),
    "walnut": ("Walnut", "Nussbaum"),
    "wood": ("Wood", "Holz"),
    "linen": ("Linen", "Leinen"),
    "cotton": ("Cotton", "Baumwolle"),
    "velvet": ("Cotton velvet", "Baumwollsamt"),
    "wool": ("Wool", "Wolle"),
    "cardboard": ("Board", "Pappe"),
    "seagrass": ("Seagrass", "Seegras"),
    "plastic": ("Recycled plastic", "Recyclingkunststoff"),
    "wax": ("Wax", "Wachs"),
}
ORIGIN: dict[str, Words] = {
    "austria": ("Austria", "Österreich"),
    "czechia": ("Czechia", "Tschechien"),
    "denmark": ("Denmark", "Dänemark"),
    "france": ("France", "Frankreich"),
    "germany": ("Germany", "Deutschland"),
    "india": ("India", "Indien"),
    "italy": ("Italy", "Italien"),
    "japan": ("Japan", "Japan"),
    "lithuania": ("Lithuania", "Litauen"),
    "norway": ("Norway", "Norwegen"),
    "poland": ("Poland", "Polen"),
    "portugal": ("Portugal", "Portugal"),
    "vietnam": ("Vietnam", "Vietnam"),
}
SIZE: dict[str, Words] = {
    "s": ("Small", "Klein"),
    "m": ("Medium", "Mittel"),
    "l": ("Large", "Groß"),
    "50x50": ("50 × 50 cm", "50 × 50 cm"),
    "60x60": ("60 × 60 cm", "60 × 60 cm"),
    "30x40": ("30 × 40 cm", "30 × 40 cm"),
    "50x70": ("50 × 70 cm", "50 × 70 cm"),
    "160": ("160 cm", "160 cm"),
    "200": ("200 cm", "200 cm"),
    "a5": ("A5", "A5"),
    "a4": ("A4", "A4"),
}

# code: (label, type, unit, filterable, values)
ATTRIBUTES: dict[str, tuple[Words, str, str | None, bool, dict[str, Words]]] = {
    "colour": (("Colour", "Farbe"), "choice", None, True, COLOUR),
    "size": (("Size", "Größe"), "choice", None, True, SIZE),
    "frame": (
        ("Frame", "Rahmen"),
        "choice",
        None,
        True,
        {"oak": ("Oak", "Eiche"), "black": ("Black", "Schwarz")},
    ),
    "scent": (
        ("Scent", "Duft"),
        "choice",
        None,
        True,
        {"fig": ("Fig", "Feige"), "cedar": ("Cedar", "Zeder"), "salt": ("Salt", "Salz")},
    ),
    "ruling": (
        ("Ruling", "Lineatur"),
        "choice",
        None,
        True,
        {"dotted": ("Dotted", "Gepunktet"), "lined": ("Lined", "Liniert"), "plain": ("Plain", "Blanko")},
    ),
    "material": (("Material", "Material"), "choice", None, True, MATERIAL),
    "origin": (("Made in", "Hergestellt in"), "choice", None, True, ORIGIN),
    "socket": (
        ("Light source", "Leuchtmittel"),
        "choice",
        None,
        True,
        {
            "e14": ("E14 socket", "Fassung E14"),
            "e27": ("E27 socket", "Fassung E27"),
            "led": ("Built-in LED", "LED, eingebaut"),
        },
    ),
    "height": (("Height", "Höhe"), "number", "cm", True, {}),
    "width": (("Width", "Breite"), "number", "cm", True, {}),
    "diameter": (("Diameter", "Durchmesser"), "number", "cm", True, {}),
    "capacity": (("Capacity", "Fassungsvermögen"), "number", "ml", True, {}),
    "set_of": (("Pieces", "Teile"), "number", None, False, {}),
    "pages": (("Pages", "Seiten"), "number", None, False, {}),
    "paper_weight": (("Paper weight", "Papiergewicht"), "number", "g/m²", False, {}),
    "burn_time": (("Burning time", "Brenndauer"), "number", "h", True, {}),
    "handmade": (("Made by hand", "Handgefertigt"), "boolean", None, True, {}),
    "dishwasher_safe": (("Dishwasher-safe", "Spülmaschinenfest"), "boolean", None, True, {}),
    "washable": (("Machine-washable", "Maschinenwaschbar"), "boolean", None, True, {}),
    "dimmable": (("Dimmable", "Dimmbar"), "boolean", None, True, {}),
    "designer": (("Designer", "Entwurf"), "text", None, True, {}),
}
VIEWS: dict[str, Words] = {
    "front": ("", ""),
    "detail": (", closer view", ", nähere Ansicht"),
}
HEROES: dict[str, Words] = {
    "hero-table": (
        "A still life of vases, bowls and a pitcher in warm window light",
        "Stillleben aus Vasen, Schalen und Krug im warmen Fensterlicht",
    ),
    "hero-evening": (
        "Lit lamps on a sideboard in the evening",
        "Leuchtende Lampen auf einem Sideboard am Abend",
    ),
    "hero-linen": (
        "Cushions, a folded blanket and a pouf in soft light",
        "Kissen, eine gefaltete Decke und ein Pouf in weichem Licht",
    ),
}
