// @ts-check
/** Running sessions: which there are, and the terminal that cells of a script are run in. */
"use strict";

const { execFile } = require("node:child_process");
const { promisify } = require("node:util");
const vscode = require("vscode");
const { cellAt } = require("./documents");
const { directory, session, settings } = require("./server");

const TERMINAL = "Ironbook";

/** Lets the user choose a session, and writes it into the settings of the workspace; the server is started anew then. */
async function attach() {
	const { program } = settings();
	const { stdout } = await promisify(execFile)(program, ["sessions", "--json"], { cwd: directory(), timeout: 10_000 });
	/** @type {any[]} */
	const running = JSON.parse(stdout);
	const none = { label: "None", description: "what cells will make is known, and no values", existing: "" };
	const choices = running.reverse().map((one) => ({ ...described(one), existing: String(one.id) }));
	const chosen = await vscode.window.showQuickPick([...choices, none], { placeHolder: "Whose variables are known?" });
	if (chosen) {
		const target = vscode.workspace.workspaceFolders ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
		await vscode.workspace.getConfiguration("ironbook").update("existing", chosen.existing, target);
	}
}

/** Runs the cell at the cursor in the terminal, whose session goes on from cell to cell, and goes to the next. */
async function runCell() {
	const editor = vscode.window.activeTextEditor;
	if (!editor) {
		return;
	}
	const lines = editor.document.getText().split(/\r?\n/);
	const { text, end } = cellAt(lines, editor.selection.active.line);
	if (text) {
		// As pasted: a line alone would be run alone. A cell magic ends with an empty line. Keys are no text.
		const typed = text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
		terminal().sendText(`\x1b[200~${typed}\x1b[201~\r${text.startsWith("%%") ? "\r" : ""}`, false);
	}
	const next = new vscode.Position(Math.min(end + 1, lines.length - 1), 0);
	editor.selection = new vscode.Selection(next, next);
	editor.revealRange(new vscode.Range(next, next));
}

/**
 * A session, as a user tells it from others.
 * @param {{ id: string, notebook?: string, directory: string, state: string, variables?: number, memory_bytes?: number }} one
 */
function described({ id, notebook, directory, state, variables }) {
	const what = variables === null || variables === undefined ? "" : `, ${variables} variables`;
	return { label: id, description: `${notebook ?? directory}: ${state}${what}` };
}

/** The terminal of cells: that of a session which is attached to, else one with a session of its own. */
function terminal() {
	const { program, existing } = settings();
	const options = { name: TERMINAL, shellPath: program, shellArgs: ["repl", ...session(existing)], cwd: directory() };
	/** @param {any} made how a terminal was made */
	const isSame = (made) => made.shellPath === program && String(made.shellArgs) === String(options.shellArgs);
	const running = vscode.window.terminals.find((one) => !one.exitStatus && isSame(one.creationOptions));
	const shown = running ?? vscode.window.createTerminal(options);
	shown.show(true);
	return shown;
}

module.exports = { attach, runCell };
