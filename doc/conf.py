# SPDX-License-Identifier: MIT
"""Sphinx configuration.  `make docs` sets IL_VERSION and Breathe's XML path."""

import os
import re
from pathlib import Path

HERE = Path(__file__).parent

project = "interloop"
copyright = "The interloop authors"
author = "The interloop authors"
version = release = os.environ.get("IL_VERSION", "")

extensions = ["breathe", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
master_doc = "index"
exclude_patterns = ["html", "man", "xml", "doctrees"]
primary_domain = "c"
highlight_language = "c"
nitpicky = True

# Types in a signature link where they can; POSIX, GLib and our private ones
# have no page.  Roles in the text, such as :c:func:, must resolve.
nitpick_ignore_regex = [(r"c:identifier", r".*")]

breathe_default_project = "interloop"
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False

# Attributes that Sphinx's C parser meets in a prototype.
c_id_attributes = ["IL_EXPORT", "IL_MUST_CHECK"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Code in a header comment may leave out parts with an ellipsis.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "alabaster"
html_theme_options = {
    "description": "Tasks and coroutines for C inside GUI event loops",
    "fixed_sidebar": True,
}
html_copy_source = False


def brief(stem):
    """The first sentence of the header that a page of doc/api is about."""
    header = HERE.parent / "include" / "interloop" / f"{stem}.h"
    text = header.read_text() if header.exists() else ""
    found = re.search(r"@brief\s+(.*?)\.?\s*\n \*(?:\s*\n|/)", text, re.S)
    return re.sub(r"\s*\n \*\s*", " ", found[1]) if found else stem


# interloop(7) is the overview; each page of doc/api is il_<page>(3).
man_pages = [("index", "interloop", "tasks inside event loops", [author], 7)]
man_pages += [
    (f"api/{page.stem}", f"il_{page.stem}", brief(page.stem), [author], 3)
    for page in sorted((HERE / "api").glob("*.*"))
    if page.suffix in source_suffix and page.stem != "index"
]
