"""Fetch the browser libraries the pages use into static/vendor/ and record what was fetched.

Run by hand when a version changes: `python scripts/vendor_static.py` (needs npm). The result is
committed, so neither a browser nor a server asks another host for anything. VENDOR.json names each
package with version, licence and the sha512 of the archive and of every file kept; a test compares.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
SOURCE_MAP = re.compile(rb"\s*(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S+)\s*")


@dataclass(frozen=True, slots=True)
class Package:
    """One npm package: which files are kept, under which name in static/vendor/."""

    name: str
    version: str
    licence: str
    files: dict[str, str]  # path in the archive -> name here


PACKAGES = (
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        {
            "package/dist/css/tabler.min.css": "tabler.min.css",
            "package/dist/js/tabler.min.js": "tabler.min.js",
        },
    ),
    Package(
        "htmx.org",
        "2.0.11",
        "0BSD",
        {"package/dist/htmx.min.js": "htmx.min.js", "package/LICENSE": "LICENSE.htmx.txt"},
    ),
    Package(
        "plotly.js-finance-dist-min",
        "4.1.0",
        "MIT",
        {
            "package/plotly-finance.min.js": "plotly-finance.min.js",
            "package/LICENSE": "LICENSE.plotly.txt",
        },
    ),
    Package("@tabler/icons", "3.51.0", "MIT", {"package/LICENSE": "LICENSE.tabler-icons.txt"}),
)
# The archive of @tabler/core carries no licence file; its banner names the MIT licence and these holders.
TABLER_LICENCE = """MIT License

Copyright (c) 2018-2026 The Tabler Authors
Copyright (c) 2018-2026 codecalm.net Paweł Kuna

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
# Outline icons of the sprite, by their name in @tabler/icons.
ICONS = """\
adjustments-horizontal alert-circle alert-octagon alert-triangle api archive arrow-back-up arrow-down-right
arrow-right arrow-up-right arrows-exchange bell book bulb calendar chart-bar chart-dots chart-funnel chart-line check
chevron-down chevron-left chevron-right chevron-up circle-check clipboard-check clock cloud-download coin copy
database database-import dots download edit eraser external-link eye file-spreadsheet file-upload filter git-merge
history home info-circle key layout-dashboard list-check list-details lock login logout mail menu-2 minus moon
player-pause player-play plug plus printer refresh report-analytics search send settings settings-automation
shield-check sort-ascending sort-descending stack-2 subtask sun sun-moon table target target-arrow trash trending-up
upload user user-circle user-shield users webhook world x""".split()


def sha512(content: bytes) -> str:
    """Subresource-integrity form, the form npm itself uses."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def npm_pack(package: Package, folder: Path) -> Path:
    """Download the archive of one package; npm checks it against the registry's own hash."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return folder / done.stdout.strip().splitlines()[-1]


def member(archive: tarfile.TarFile, path: str) -> bytes:
    """The content of one file of an archive."""
    handle = archive.extractfile(path)
    if handle is None:
        raise FileNotFoundError(f"{path} is not a file in {archive.name}")
    return handle.read()


def sprite(archive: tarfile.TarFile) -> bytes:
    """One SVG file holding every icon as a <symbol>, drawn by `<use href="...#name">`."""
    symbols = []
    for name in sorted(ICONS):
        svg = member(archive, f"package/icons/outline/{name}.svg").decode()
        body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
        shapes = " ".join(body.split())
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
            f' stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>'
        )
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def main() -> int:
    """Fetch every package, write the kept files and VENDOR.json."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    record = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            packed = npm_pack(package, Path(scratch))
            kept: dict[str, str] = {}
            with tarfile.open(packed) as archive:
                contents = {name: member(archive, path) for path, name in package.files.items()}
                if package.name == "@tabler/core":
                    contents["LICENSE.tabler-core.txt"] = TABLER_LICENCE.encode()
                if package.name == "@tabler/icons":
                    contents["icons.svg"] = sprite(archive)
            for name, content in contents.items():
                # Source maps are not kept; hashed static names fail on a reference to a file that is not there.
                content = SOURCE_MAP.sub(b"\n", content) if name.endswith((".css", ".js")) else content
                (VENDOR / name).write_bytes(content)
                kept[name] = sha512(content)
            record.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "archive": sha512(packed.read_bytes()),
                    "files": dict(sorted(kept.items())),
                }
            )
    (VENDOR / "VENDOR.json").write_text(json.dumps(record, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
