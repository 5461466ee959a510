"""The pictures are well-formed, and say what they show."""

from xml.etree import ElementTree

from bench.picture import Bar, Line, bars, lines


def test_a_bar_is_as_long_as_its_value_and_ours_has_a_colour_of_its_own() -> None:
    drawn = ElementTree.fromstring(
        bars("Time & more", [Bar("<ours>", 10, "10 s", True), Bar("theirs", 40, "40 s")])
    )

    first, second = (mark for mark in drawn if mark.tag.endswith("rect"))
    assert (
        float(second.attrib["width"])
        == 4 * float(first.attrib["width"]) + float(second.attrib["width"]) % 4
    )
    assert (first.attrib["class"], second.attrib["class"]) == ("ours", "theirs")
    assert drawn.attrib["aria-label"] == "Time & more"


def test_the_highest_value_of_a_line_touches_the_top() -> None:
    drawn = ElementTree.fromstring(lines("Slices", [Line("KV", "MB", [1, 4, 2])]))

    [line] = (mark for mark in drawn if mark.tag.endswith("polyline"))
    heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    assert min(heights) == heights[1] == 60
