"""A picture that may stand in a page under a strict policy, beside others."""

from __future__ import annotations

import pytest

from evenground.errors import InputError
from evenground.reports.svg import ATTRIBUTES, ELEMENTS, make_inline_safe

OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'
)


def clean(inside: str, title: str = "Name", description: str = "Words") -> str:
    return make_inline_safe(f"{OPEN}{inside}</svg>", prefix="p", title=title, description=description)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"><path d="M0,0h1" onclick="alert(1)"/></g>',
        "<style>* { color: red }</style>",
        '<image href="https://example.org/x.png"/>',
        '<use xlink:href="https://example.org/x.svg#y"/>',
        '<a href="javascript:alert(1)"><path d="M0,0h1"/></a>',
        "<foreignObject><p>x</p></foreignObject>",
        '<path d="M0,0h1" fill="url(https://example.org/x.svg#y)"/>',
        '<path d="M0,0h1" fill="url(#nowhere)"/>',
        '<path d="M0,0h1" style="background: url(https://example.org/x.png)"/>',
        '<path d="M0,0h1" fill="red;} @import x"/>',
        '<path d="M0,0h1" tabindex="0" href="x"/>',
        "<animate attributeName='x'/>",
    ],
)
def test_nothing_that_runs_loads_styles_or_takes_focus_is_left(hostile):
    cleaned = clean(hostile)
    for word in (
        "script",
        "alert",
        "style",
        "href",
        "example",
        "nowhere",
        "onload",
        "import",
        "tabindex",
        "animate",
    ):
        assert word not in cleaned


@pytest.mark.parametrize("address", ["/areas/lsoa/E01000001/", "/areas/practice/Y00001", "/a/%20b/"])
def test_a_link_to_the_same_site_stays_for_the_pointer_and_takes_no_focus(look, address):
    drawn = clean(f'<a href="{address}" onclick="x"><path d="M0,0h1" aria-label="A: 5%"/></a>')
    (link,) = look(drawn).root[-1]
    assert link.attrib == {"href": address, "tabindex": "-1"}
    assert link[0][0].text == "A: 5%"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/areas//evil.example",
        "/areas/../../x",
        "/areas/x?next=//evil.example",
        "/areas/x#y",
        "data:text/html,x",
        " /areas/x",
        "areas/x",
        "",
    ],
)
def test_a_link_to_anywhere_else_is_none_and_what_it_held_stays(look, address):
    (path,) = look(clean(f'<a href="{address}" xlink:href="{address}"><path d="M0,0h1"/></a>')).root[-1]
    assert path.attrib == {"d": "M0,0h1"}


def test_only_listed_elements_and_attributes_are_written(look):
    picture = look(clean('<g class="x" role="y" data-z="1"><rect x="1" aria-hidden="false"/><b/></g>'))
    assert picture.tags() <= ELEMENTS | {"title", "desc"}
    drawing = list(picture.root)[-1]
    assert {name for element in drawing.iter() for name in element.attrib} <= ATTRIBUTES | {"aria-hidden"}


def test_style_properties_become_presentation_attributes(look):
    path = look(clean('<path d="M0,0h1" style="fill: none; stroke:#123456; cursor: pointer"/>')).root[-1][0]
    assert path.attrib == {"d": "M0,0h1", "fill": "none", "stroke": "#123456"}


def test_the_picture_has_a_role_a_title_and_a_description(look):
    root = look(clean("", title="Screening <b> & more", description='In "A" it is 5 %')).root
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "p-title p-desc"
    assert [(part.get("id"), part.text) for part in root[:2]] == [
        ("p-title", "Screening <b> & more"),
        ("p-desc", 'In "A" it is 5 %'),
    ]
    assert root[-1].attrib == {"aria-hidden": "true"}


def test_the_picture_takes_its_width_from_the_page_and_its_shape_from_the_view_box(look):
    root = look(clean("")).root
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("100%", None, "0 0 10 10")


def test_ids_are_numbered_under_the_prefix_and_references_follow(look):
    clip = (
        '<clipPath id="c{0}"><rect width="1" height="1"/></clipPath><path d="M0,0" clip-path="url(#c{0})"/>'
    )
    first, later = clean(clip.format(7)), clean(clip.format(8192))
    assert first == later
    assert "url(#p-1)" in first
    assert all(name.startswith("p-") for name in look(first).ids())


def test_a_label_becomes_a_tooltip(look):
    path = look(clean('<path d="M0,0h1" aria-label="A &lt; B &amp; &quot;C&quot;"/>')).root[-1][0]
    assert path[0].text == 'A < B & "C"'


def test_numbers_are_rounded_to_a_tenth_of_a_pixel():
    assert 'd="M1.2,3L-0,5.5"' in clean('<path d="M1.23456,3L-0.01,5.4999999"/>')


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<svg", "not XML"),
        ("<html/>", "not an <svg>"),
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "document type"),
    ],
)
def test_what_is_not_a_plain_svg_is_refused(document, message):
    with pytest.raises(InputError, match=message):
        make_inline_safe(document, prefix="p", title="", description="")
