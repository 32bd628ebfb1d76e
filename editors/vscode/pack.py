"""Packs the extension: `npm ci --omit=dev --ignore-scripts && python3 pack.py` writes `ironbook.vsix` beside this file, or where its argument says.

A vsix is a zip with a manifest; the modules that the extension needs are in it as they are.
"""

import json
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

HERE = Path(__file__).resolve().parent
OWN = ["package.json", "README.md", "language-configuration.json", "src", "syntaxes", "node_modules"]
# What the modules do not need when they run.
LEFT_OUT = {".bin", ".package-lock.json"}
TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension=".vsixmanifest" ContentType="text/xml"/><Default Extension=".json" ContentType="application/json"/>
</Types>
"""
MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata><Identity Language="en-US" Id={name} Version={version} Publisher={publisher}/>
<DisplayName>{title}</DisplayName><Description xml:space="preserve">{description}</Description>
<Properties><Property Id="Microsoft.VisualStudio.Code.Engine" Value={engine}/>
<Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/></Properties></Metadata>
<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation><Dependencies/>
<Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/></Assets>
</PackageManifest>
"""


def files():
    for name in OWN:
        found = HERE / name
        if not found.exists():
            sys.exit(f"{found} is missing" + ("; npm ci --omit=dev --ignore-scripts fetches it" if name == "node_modules" else ""))
        for path in sorted(found.rglob("*")) if found.is_dir() else [found]:
            if path.is_file() and not LEFT_OUT.intersection(path.parts) and not path.name.endswith((".map", ".d.ts")):
                yield path


def pack(target):
    own = json.loads((HERE / "package.json").read_text())
    manifest = MANIFEST.format(
        name=quoteattr(own["name"]), version=quoteattr(own["version"]), publisher=quoteattr(own["publisher"]),
        title=escape(own["displayName"]), description=escape(own["description"]), engine=quoteattr(own["engines"]["vscode"]))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("extension.vsixmanifest", manifest)
        for name in ("LICENSE-APACHE", "LICENSE-MIT"):
            beside, above = HERE / name, HERE.parents[1] / name
            archive.write(beside if beside.is_file() else above, f"extension/{name}")
        for path in files():
            archive.write(path, Path("extension") / path.relative_to(HERE))
    return target


if __name__ == "__main__":
    target = pack(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "ironbook.vsix")
    print(f"{target}: {target.stat().st_size >> 10} KiB; code --install-extension {target}")
