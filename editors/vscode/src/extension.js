// @ts-check
/** Ironbook in VS Code: `ironbook lsp` for scripts with cells and for Rust notebooks, and cells in the terminal. */
"use strict";

const vscode = require("vscode");
const { LANGUAGE, isScript, isOthers } = require("./documents");
const { Server } = require("./server");
const { attach, runCell } = require("./sessions");

/** @type {Server | undefined} */
let server;

/** @param {vscode.ExtensionContext} context */
function activate(context) {
	const log = vscode.window.createOutputChannel("Ironbook");
	const running = new Server(log);
	server = running;
	/** Scripts whose language was changed here, once: the user may change it back. @type {Set<string>} */
	const claimed = new Set();

	/** @param {vscode.TextDocument} document */
	function look(document) {
		const name = document.uri.toString();
		if (document.languageId === LANGUAGE) {
			claimed.add(name);
			void running.start();
		} else if (!claimed.has(name) && isScript(document)) {
			claimed.add(name);
			void vscode.languages.setTextDocumentLanguage(document, LANGUAGE);
		}
	}

	/** @param {vscode.NotebookDocument} notebook */
	function lookInto(notebook) {
		const isRust = () => notebook.getCells().some((cell) => cell.document.languageId === "rust");
		if (notebook.notebookType === "jupyter-notebook" && !isOthers(notebook) && isRust()) {
			void running.start();
		}
	}

	const { workspace, commands } = vscode;
	context.subscriptions.push(
		log,
		workspace.onDidOpenTextDocument(look),
		workspace.onDidCloseTextDocument((document) => {
			// Another language closes a document, too, which is open still.
			if (document.isClosed) {
				claimed.delete(document.uri.toString());
			}
		}),
		workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
			const isMarked = (/** @type {number} */ line) => document.lineAt(Math.min(line, document.lineCount - 1)).text.includes("%%");
			if (contentChanges.some(({ text, range }) => text.includes("%%") || isMarked(range.start.line))) {
				look(document);
			}
		}),
		workspace.onDidOpenNotebookDocument(lookInto),
		workspace.onDidChangeNotebookDocument(({ notebook }) => lookInto(notebook)),
		workspace.onDidChangeConfiguration((change) => {
			const matters = ["path", "existing", "allow"].some((name) => change.affectsConfiguration(`ironbook.${name}`));
			if (matters && running.isWanted) {
				void running.restart();
			}
		}),
		commands.registerCommand("ironbook.restart", () => running.restart()),
		commands.registerCommand("ironbook.showLog", () => log.show()),
		commands.registerCommand("ironbook.attach", attach),
		commands.registerCommand("ironbook.runCell", runCell),
	);
	workspace.textDocuments.forEach(look);
	workspace.notebookDocuments.forEach(lookInto);
}

function deactivate() {
	return server?.stop();
}

module.exports = { activate, deactivate };
