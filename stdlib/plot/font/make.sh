#!/bin/sh
# Makes the embedded fonts from DejaVu Sans 2.37 with fonttools 4.60.1: Latin, Greek, Cyrillic, punctuation, arrows,
# common mathematics; outlines, metrics and pair kerning only.
set -eu
cd "$(dirname "$0")"
source="${1:-/usr/share/fonts/truetype/dejavu}"
unicodes="U+0020-007E,U+00A0-017F,U+0192,U+0218-021B,U+02C6-02DD,U+0370-03FF,U+0400-045F,U+1E80-1E85,U+1EF2-1EF3,\
U+2010-2027,U+2030-203A,U+2044,U+2070-208E,U+20AC,U+20BD,U+2113,U+2116,U+2122,U+2126,U+2190-2199,U+21D2,U+21D4,\
U+2200-2213,U+2217,U+2219-221E,U+2227-222B,U+2248,U+2260-2265,U+2282-2287,U+2295,U+22C5,U+25A0,U+25CF,U+FFFD"
for name in DejaVuSans DejaVuSans-Bold; do
    pyftsubset "$source/$name.ttf" --unicodes="$unicodes" --no-hinting --layout-features='' --legacy-kern \
        --notdef-outline --drop-tables+=FFTM,GPOS,GSUB,GDEF,MATH,fpgm,prep,cvt,gasp --output-file="$name-subset.ttf"
done
