// @ts-check
/** Which documents are Ironbook's: scripts with cells and Rust notebooks. All others are left to other extensions. */
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** The language that scripts with cells have here, so that rust-analyzer does not read them as files of a crate. */
const LANGUAGE = "ironbook";

/** A line that begins a cell, as `ironbook` reads it: `// %%`, alone or with words behind it. */
const MARKER = /^\/\/\s*%%(?=\s|$)/m;

/** Folders of a package whose files are modules and programs. */
const SOURCES = ["src", "tests", "benches", "examples"];

/**
 * Whether cargo compiles a file: it lies below `src` or the like, beside a manifest.
 * @param {string} file an absolute path
 */
function isInPackage(file) {
	for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
		if (SOURCES.includes(path.basename(folder)) && fs.existsSync(path.join(path.dirname(folder), "Cargo.toml"))) {
			return true;
		}
	}
	return false;
}

/**
 * Whether an open file of Rust is a script with cells, and none that cargo compiles.
 * @param {{ languageId: string, uri: { scheme: string, fsPath: string }, getText(): string }} document
 */
function isScript(document) {
	const { languageId, uri } = document;
	return languageId === "rust" && uri.scheme === "file" && MARKER.test(document.getText()) && !isInPackage(uri.fsPath);
}

/**
 * Whether a notebook names another kernel of Rust: what is an error here may be right there.
 * @param {{ metadata: { [key: string]: any } }} notebook
 */
function isOthers({ metadata }) {
	const { kernelspec } = { ...metadata, ...metadata.metadata };
	return /^(rust|evcxr)/i.test(kernelspec?.name ?? "");
}

/** A cell magic behind a comment mark: its whole cell is. */
const CELL_MAGIC = /^\/\/ %%[a-z]/;

/** A magic behind a comment mark, as scripts have it: `// %time x`; behind two marks it is a comment of the cell. */
const MAGIC = /^(\s*)\/\/ ((?:\/\/ )*(?:%+[a-z]|![a-z./]|:dep ))/;

/**
 * The cell that a line lies in: its text as it is run, nothing if it is no code, and the line behind it.
 * @param {string[]} lines
 * @param {number} at
 * @returns {{ text: string, end: number }}
 */
function cellAt(lines, at) {
	let start = at;
	while (start >= 0 && !MARKER.test(lines[start])) {
		start -= 1;
	}
	let end = start + 1;
	while (end < lines.length && !MARKER.test(lines[end])) {
		end += 1;
	}
	const isCode = !/\[(markdown|md|raw)\]/.test(lines[start] ?? "");
	const body = lines.slice(start + 1, end);
	const written = body.filter((line) => line.trim() !== "");
	const isMagic = CELL_MAGIC.test(written[0] ?? "") && written.every((line) => line.startsWith("//"));
	const own = body.map((line) => (isMagic ? line.replace(/^\/\/ ?/, "") : line.replace(MAGIC, "$1$2")));
	const text = own.join("\n").trim();
	return { text: isCode ? text : "", end };
}

module.exports = { LANGUAGE, isScript, isInPackage, isOthers, cellAt };
