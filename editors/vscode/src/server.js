// @ts-check
/** `ironbook lsp`: starts it, stops it, and says why it does not start. */
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");
const { CloseAction, LanguageClient, RevealOutputChannelOn } = require("vscode-languageclient/node");
const { LANGUAGE, isOthers } = require("./documents");

/** What is told of a program that cannot be started. */
const ABSENT = "is not found: build it with `cargo build`, and name it in the setting `ironbook.path`";

/** The settings, as they are now. */
function settings() {
	const all = vscode.workspace.getConfiguration("ironbook");
	const program = all.get("path", "ironbook").replace(/^~(?=\/|$)/, os.homedir());
	return { program, existing: all.get("existing", "").trim(), allow: all.get("allow", []) };
}

/**
 * The arguments that name a running session.
 * @param {string} existing what the setting says
 */
function session(existing) {
	return existing === "" ? [] : existing === "last" ? ["--existing"] : ["--existing", existing];
}

/** Where the server works: the first folder, else that of the first document. */
function directory() {
	const folder = vscode.workspace.workspaceFolders?.[0];
	const document = vscode.window.activeTextEditor?.document;
	const uri = folder?.uri ?? (document?.uri.scheme === "file" ? document.uri : undefined);
	return uri ? (folder ? uri.fsPath : path.dirname(uri.fsPath)) : os.homedir();
}

/** A client that is sent diagnostics: it does not say that it asks for them, since this version asks for none of a notebook's cells. */
class Client extends LanguageClient {
	/** Whether it comes up; of what goes wrong then, the user is told by `explain`. */
	isStarting = true;

	/**
	 * @param {string} message
	 * @param {any} [data]
	 * @param {boolean | "force"} [show]
	 */
	error(message, data, show) {
		super.error(message, data, this.isStarting ? false : show);
	}

	/** @param {import("vscode-languageclient").InitializeParams} params */
	fillInitializeParams(params) {
		super.fillInitializeParams(params);
		delete params.capabilities.textDocument?.diagnostic;
	}
}

/** The server, of which there is one at a time. */
class Server {
	/** @param {vscode.LogOutputChannel | vscode.OutputChannel} log */
	constructor(log) {
		this.log = log;
		/** @type {LanguageClient | undefined} */
		this.client = undefined;
		/** Whether it was started, also if that failed. */
		this.isWanted = false;
		/** What is asked of it, one after another. */
		this.queue = Promise.resolve();
	}

	/** Starts it unless it runs. */
	start() {
		return this.next(async () => {
			// One that did not start is tried again when it is asked for, or the settings change.
			if (!this.isWanted) {
				await this.begin();
			}
		});
	}

	stop() {
		return this.next(() => this.end());
	}

	restart() {
		return this.next(async () => {
			await this.end();
			await this.begin();
		});
	}

	/** @param {() => Promise<void>} step */
	next(step) {
		this.queue = this.queue.then(step, step);
		return this.queue;
	}

	async begin() {
		this.isWanted = true;
		const { program, existing, allow } = settings();
		const hints = allow.flatMap((hint) => ["--allow", hint]);
		let error = await this.beginWith(program, ["lsp", ...session(existing), ...hints]);
		if (error && existing !== "" && error.code !== "ENOENT") {
			// A session ends some day, and what is named in the settings stays: there is help without its values.
			const words = (this.words ?? "").trim().replace(/^error: /i, "");
			error = await this.beginWith(program, ["lsp", ...hints]);
			if (!error) {
				void vscode.window.showWarningMessage(`Ironbook helps without the values of ${existing}: ${words}`);
			}
		}
		if (error) {
			// Not waited for: the user may leave the message alone.
			void this.explain(program, error);
		}
	}

	/**
	 * Starts a server with these arguments; gives what went wrong, if anything did.
	 * @param {string} program
	 * @param {string[]} args
	 * @returns {Promise<any>}
	 */
	async beginWith(program, args) {
		/** @type {import("vscode-languageclient").ErrorHandler} */
		const errorHandler = {
			error: (error, message, count) => usual.error(error, message, count),
			// One that never came up is not started again behind our back.
			closed: () => (client.isStarting ? { action: CloseAction.DoNotRestart, handled: true } : usual.closed()),
		};
		const options = { ...this.options(), errorHandler };
		const client = new Client("ironbook", "Ironbook", () => this.spawn(program, args), options);
		const usual = client.createDefaultErrorHandler();
		this.client = client;
		try {
			await client.start();
			client.isStarting = false;
			return undefined;
		} catch (error) {
			this.client = undefined;
			return error ?? new Error("it did not start");
		}
	}

	async end() {
		const client = this.client;
		this.client = undefined;
		await client?.dispose().catch((error) => this.log.appendLine(String(error)));
	}

	/**
	 * The process; what it says of errors goes to the log, and its last words to the user if it does not start.
	 * @param {string} program
	 * @param {string[]} args
	 */
	spawn(program, args) {
		this.words = "";
		this.log.appendLine(`${program} ${args.join(" ")}`);
		const child = spawn(program, args, { cwd: directory() });
		child.stderr.setEncoding("utf8").on("data", (text) => {
			this.words = (this.words + text).slice(-2000);
			this.log.append(text);
		});
		return new Promise((resolve, reject) => {
			child.once("error", reject).once("spawn", () => resolve({ process: child, detached: false }));
		});
	}

	/** @returns {import("vscode-languageclient").LanguageClientOptions} */
	options() {
		return {
			documentSelector: [
				{ language: LANGUAGE, scheme: "file" },
				{ language: LANGUAGE, scheme: "untitled" },
				{ notebook: "jupyter-notebook", language: "rust" },
			],
			notebookDocumentOptions: { filterCells: (notebook, cells) => (isOthers(notebook) ? [] : cells) },
			outputChannel: this.log,
			revealOutputChannelOn: RevealOutputChannelOn.Never,
			// Told of by `explain`.
			initializationFailedHandler: () => false,
		};
	}

	/**
	 * Says why the server did not start.
	 * @param {string} program
	 * @param {any} error
	 */
	async explain(program, error) {
		this.log.appendLine(String(error?.stack ?? error));
		const last = (this.words ?? "").trim().replace(/^error: /i, "");
		const why = error?.code === "ENOENT" ? `${program} ${ABSENT}` : last || String(error?.message ?? error);
		const chosen = await vscode.window.showErrorMessage(`Ironbook does not help here: ${why}`, "Settings", "Log");
		if (chosen === "Settings") {
			await vscode.commands.executeCommand("workbench.action.openSettings", "ironbook.");
		} else if (chosen === "Log") {
			this.log.show();
		}
	}
}

module.exports = { Server, directory, settings, session };
