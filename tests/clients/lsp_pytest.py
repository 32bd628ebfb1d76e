"""pytest-lsp, an editor that others wrote, on `ironbook lsp`: `lsp_pytest.py IRONBOOK`, in a Python with tests/env/lsp.txt.

pytest-lsp checks each answer against what the editor said that it can. The questions that need the language service are asked
where that and the sources of std are. Three editors: one that is sent diagnostics and counts bytes, one that asks for them and
counts UTF-16, one without snippets that counts characters.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

PROGRAM = os.environ.get("IRONBOOK_PYTEST_LSP", "ironbook")
PATIENCE = int(os.environ.get("IRONBOOK_PATIENCE", "300"))


def sources():
    named = os.environ.get("RUST_SRC_PATH")
    root = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(named) if named else Path(root) / "lib/rustlib/src/rust/library"


SERVICE = Path(PROGRAM).with_name("ironbook-language")
DEEP = SERVICE.is_file() and (sources() / "core/src/lib.rs").is_file()


def environment(deep):
    return {**os.environ, "IRONBOOK_LANGUAGE": str(SERVICE) if deep and DEEP else "0"}


def editor():
    """pytest-lsp's own, which also hears that it may ask again for hints and kinds of words."""
    made = make_test_lsp_client()
    made.refreshed = []
    for what in [lsp.WORKSPACE_INLAY_HINT_REFRESH, lsp.WORKSPACE_SEMANTIC_TOKENS_REFRESH]:
        made.feature(what)(lambda *_, what=what: made.refreshed.append(what))
    return made


def config(deep=False):
    return ClientServerConfig(
        server_command=[PROGRAM, "lsp"], server_env=environment(deep), client_factory=editor
    )


async def begin(client, name, refreshes=False):
    able = client_capabilities(name)
    if refreshes:
        able.text_document.diagnostic = lsp.DiagnosticClientCapabilities()
        able.workspace.diagnostics = lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    client.able = (await client.initialize_session(lsp.InitializeParams(capabilities=able))).capabilities


@pytest_lsp.fixture(config=config())
async def client(lsp_client: LanguageClient):
    await begin(lsp_client, "neovim@v0.11.0")
    yield
    await lsp_client.shutdown_session()


@pytest_lsp.fixture(config=config())
async def pulling(lsp_client: LanguageClient):
    await begin(lsp_client, "visual-studio-code", refreshes=True)
    yield
    await lsp_client.shutdown_session()


@pytest_lsp.fixture(config=config(deep=True), scope="module", loop_scope="module")
async def deep(lsp_client: LanguageClient):
    """One for all questions to the service, which reads the library for some seconds."""
    await begin(lsp_client, "neovim@v0.11.0")
    yield
    await lsp_client.shutdown_session()


@pytest_lsp.fixture(config=config(deep=True))
async def plain(lsp_client: LanguageClient):
    await begin(lsp_client, "emacs")
    yield
    await lsp_client.shutdown_session()


URI = "file:///project/s.rs"
TEXT = """\
// %% Read
use std::collections::BTreeMap;
let names = vec!["ü🦀".to_owned()];
fn twice(n: usize) -> usize { n * 2 }
// %%
let n = twice(names.len());
let m = names.iter().map(|name| name.len()).max();
// %% [markdown]
// Some words about `twice`.
// %%
// %time twice(n)
let mut counts: BTreeMap<String, usize> = BTreeMap::new();
counts.insert("a".to_owned(), twice(twice(n)));
"""


def opened(client, text=TEXT, uri=URI):
    item = lsp.TextDocumentItem(uri=uri, language_id="rust", version=1, text=text)
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(text_document=item))


def changed(client, text, version, uri=URI):
    document = lsp.VersionedTextDocumentIdentifier(uri=uri, version=version)
    whole = lsp.TextDocumentContentChangeWholeDocument(text=text)
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(text_document=document, content_changes=[whole])
    )


def where(line, character, uri=URI):
    return {"text_document": lsp.TextDocumentIdentifier(uri=uri), "position": lsp.Position(line, character)}


def applied(text, edits):
    """A text of ASCII after edits, as an editor applies them."""
    lines = text.splitlines(keepends=True)

    def at(position):
        before = sum(len(line) for line in lines[: position.line])
        return before + position.character

    for edit in sorted(edits, key=lambda edit: (at(edit.range.start), at(edit.range.end)), reverse=True):
        text = text[: at(edit.range.start)] + edit.new_text + text[at(edit.range.end) :]
    return text


async def until(ask, what):
    """The first answer that is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := await ask():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {what} in {PATIENCE} s")


async def diagnostics(client, is_wanted, uri=URI):
    async def ask():
        found = client.diagnostics.get(uri)
        return [found] if found is not None and is_wanted(found) else None

    return (await until(ask, "diagnostics"))[0]


async def completed(client, line, character, uri=URI):
    found = await client.text_document_completion_async(lsp.CompletionParams(**where(line, character, uri)))
    return {item.label: item for item in found.items}


def words(text, tokens, legend, length=len):
    """Each token's text and kind."""
    lines, line, start, found = text.splitlines(), 0, 0, []
    data = tokens.data
    for at in range(0, len(data), 5):
        line, start = line + data[at], data[at + 1] + (start if data[at] == 0 else 0)
        found.append((lines[line].encode()[start : start + data[at + 2]].decode(), legend.token_types[data[at + 3]]))
    return found


@pytest.mark.asyncio
async def test_what_the_server_can(client):
    able = client.able
    assert able.position_encoding == "utf-8"
    for what in ["completion", "hover", "definition", "document_symbol", "workspace_symbol", "folding_range",
                 "document_formatting", "inlay_hint", "code_action", "semantic_tokens"]:
        assert getattr(able, f"{what}_provider"), what
    assert able.notebook_document_sync


@pytest.mark.asyncio
async def test_completion_and_resolve(client):
    opened(client, '// %%\nlet table = df!("a" => [1, 2])?;\n// %%\ntable.hei\n// %%\n// %ti\n')
    await diagnostics(client, lambda found: any(one.code == "E0609" or one.code == "E0615" for one in found))
    items = await completed(client, 3, 9)
    resolved = await client.completion_item_resolve_async(items["height"])
    assert "fn height" in resolved.documentation.value, resolved
    assert "%timeit" in await completed(client, 5, 6)


@pytest.mark.asyncio
async def test_symbols_folds_and_formatting(client):
    opened(client, TEXT.replace("let n = ", "let  n=  "))
    document = lsp.TextDocumentIdentifier(uri=URI)
    symbols = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(text_document=document))
    assert [symbol.name for symbol in symbols] == ["Read", "cell 2", "cell 3", "cell 4"]
    assert {child.name for child in symbols[0].children} == {"names", "twice"}
    everywhere = await client.workspace_symbol_async(lsp.WorkspaceSymbolParams(query="twi"))
    assert [symbol.name for symbol in everywhere] == ["twice"]
    folds = await client.text_document_folding_range_async(lsp.FoldingRangeParams(text_document=document))
    assert [(fold.start_line, fold.end_line) for fold in folds] == [(1, 3), (5, 6), (10, 12)]
    options = lsp.FormattingOptions(tab_size=4, insert_spaces=True)
    params = lsp.DocumentFormattingParams(text_document=document, options=options)
    edits = await client.text_document_formatting_async(params)
    assert [edit.range.start.line for edit in edits] == [1, 5], "the third is as it should be"
    assert edits[1].new_text.startswith("let n = twice"), edits


@pytest.mark.asyncio
async def test_a_fix_mends_what_is_pushed(client):
    text = "// %%\nlet a = 5;\na = 6;\na\n"
    opened(client, text)
    found = await diagnostics(client, bool)
    assert [one.code for one in found][0] == "E0384", found
    context = lsp.CodeActionContext(diagnostics=found)
    document = lsp.TextDocumentIdentifier(uri=URI)
    params = lsp.CodeActionParams(text_document=document, range=found[0].range, context=context)
    actions = await client.text_document_code_action_async(params)
    fix = next(action for action in actions if action.kind == lsp.CodeActionKind.QuickFix)
    text = applied(text, fix.edit.changes[URI])
    assert "let mut a = 5;" in text, text
    changed(client, text, 2)
    await diagnostics(client, lambda found: all(one.severity != lsp.DiagnosticSeverity.Error for one in found))


@pytest.mark.asyncio
async def test_a_missing_name_is_imported(client):
    text = "// %%\nuse std::collections::BTreeMap;\nlet a: BTreeMap<i32, i32> = BTreeMap::new();\nlet b: HashSet<i32> = a.keys().copied().collect();\nb.len()\n"
    opened(client, text)
    found = await diagnostics(client, bool)
    at = next(one for one in found if "HashSet" in one.message)
    document = lsp.TextDocumentIdentifier(uri=URI)
    only = [lsp.CodeActionKind.QuickFix]
    context = lsp.CodeActionContext(diagnostics=[at], only=only)
    params = lsp.CodeActionParams(text_document=document, range=at.range, context=context)
    actions = await client.text_document_code_action_async(params)
    fix = next(action for action in actions if action.title == "Import `std::collections::HashSet`")
    text = applied(text, fix.edit.changes[URI])
    assert "use std::collections::{BTreeMap, HashSet};" in text, text
    changed(client, text, 2)
    await diagnostics(client, lambda found: not found)


@pytest.mark.asyncio
async def test_diagnostics_are_pulled(pulling):
    assert pulling.able.position_encoding == "utf-16"
    opened(pulling, '// %%\nlet üx: i32 = "x";\n')
    params = lsp.DocumentDiagnosticParams(text_document=lsp.TextDocumentIdentifier(uri=URI))

    async def ask():
        return (await pulling.text_document_diagnostic_async(params)).items

    found = await until(ask, "diagnostics")
    assert found[0].code == "E0308" and found[0].range.start == lsp.Position(1, 14), found
    assert pulling.diagnostic_refresh_count > 0
    assert not pulling.diagnostics, "it was sent what it asks for"


def described(numbers):
    return [lsp.NotebookCell(kind=lsp.NotebookCellKind.Code, document=f"cell:{number}") for number in numbers]


def cell(number, text):
    return lsp.TextDocumentItem(uri=f"cell:{number}", language_id="rust", version=1, text=text)


@pytest.mark.asyncio
async def test_cells_of_a_notebook_come_change_move_and_go(client):
    texts = {1: "let total = 1.5;", 2: "total.", 3: "let b: i32 = total;"}
    book = lsp.NotebookDocument(
        uri="file:///n.ipynb", notebook_type="jupyter-notebook", version=1, cells=described(texts)
    )
    cells = [cell(number, text) for number, text in texts.items()]
    client.notebook_document_did_open(
        lsp.DidOpenNotebookDocumentParams(notebook_document=book, cell_text_documents=cells)
    )
    found = await diagnostics(client, bool, "cell:3")
    assert found[0].code == "E0308", found
    assert "sqrt" in await completed(client, 0, 6, "cell:2")

    version = [1]

    def change(**cells):
        version[0] += 1
        document = lsp.VersionedNotebookDocumentIdentifier(version=version[0], uri="file:///n.ipynb")
        event = lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(**cells))
        client.notebook_document_did_change(
            lsp.DidChangeNotebookDocumentParams(notebook_document=document, change=event)
        )

    def structure(start, count, numbers, opened=(), closed=()):
        array = lsp.NotebookCellArrayChange(start=start, delete_count=count, cells=described(numbers))
        gone = [lsp.TextDocumentIdentifier(uri=f"cell:{number}") for number in closed]
        change(structure=lsp.NotebookDocumentCellChangeStructure(array=array, did_open=list(opened), did_close=gone))

    whole = lsp.TextDocumentContentChangeWholeDocument(text="let total = 2;")
    content = lsp.NotebookDocumentCellContentChanges(
        document=lsp.VersionedTextDocumentIdentifier(uri="cell:1", version=2), changes=[whole]
    )
    change(text_content=[content])
    await diagnostics(client, lambda found: not found, "cell:3")
    # The last cell before the first: its name is not there yet.
    structure(0, 3, [3, 1, 2])
    found = await diagnostics(client, bool, "cell:3")
    assert found[0].code == "E0425", found
    structure(0, 0, [4], [cell(4, "let total = 9;")])
    await diagnostics(client, lambda found: not found, "cell:3")
    structure(0, 1, [], closed=[4])
    await diagnostics(client, bool, "cell:3")
    client.notebook_document_did_close(
        lsp.DidCloseNotebookDocumentParams(
            notebook_document=lsp.NotebookDocumentIdentifier(uri="file:///n.ipynb"),
            cell_text_documents=[lsp.TextDocumentIdentifier(uri=f"cell:{number}") for number in texts],
        )
    )
    await diagnostics(client, lambda found: not found, "cell:3")
    closed = await client.text_document_completion_async(lsp.CompletionParams(**where(0, 6, "cell:2")))
    assert closed is None, closed


@pytest.mark.asyncio
async def test_kinds_of_words_without_the_service(client):
    """Magics have theirs at any time."""
    opened(client)
    document = lsp.TextDocumentIdentifier(uri=URI)
    found = await client.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(text_document=document))
    told = words(TEXT, found, client.able.semantic_tokens_provider.legend)
    assert ("%time", "macro") in told and ("twice", "function") in told and ("let", "keyword") in told, told
    assert all(text.strip() for text, _ in told)


if DEEP:

    async def ready(client):
        """Waits until the service answers."""
        opened(client)
        params = lsp.DefinitionParams(**where(12, 10))

        async def answer():
            try:
                return await client.text_document_definition_async(params)
            except JsonRpcException as refused:
                assert "still reading" in str(refused), refused

        return await until(answer, "answer of the service")

    @pytest.mark.asyncio(loop_scope="module")
    async def test_the_service_answers(deep):
        found = await ready(deep)
        assert found[0].uri.endswith("map.rs"), found
        line = Path(found[0].uri.removeprefix("file://")).read_text().splitlines()[found[0].range.start.line]
        assert "fn insert" in line, line

        hover = await deep.text_document_hover_async(lsp.HoverParams(**where(6, 5)))
        assert "Option<usize>" in hover.contents.value, hover

        outer = await deep.text_document_signature_help_async(lsp.SignatureHelpParams(**where(12, 15)))
        assert "insert" in outer.signatures[0].label and outer.signatures[0].active_parameter == 0, outer
        outer = await deep.text_document_signature_help_async(lsp.SignatureHelpParams(**where(12, 29)))
        assert "insert" in outer.signatures[0].label and outer.signatures[0].active_parameter == 1, outer
        inner = await deep.text_document_signature_help_async(lsp.SignatureHelpParams(**where(12, 43)))
        assert inner.signatures[0].label.startswith("fn twice(n: usize)"), inner
        assert inner.signatures[0].active_parameter == 0

        context = lsp.ReferenceContext(include_declaration=True)
        named = await deep.text_document_references_async(lsp.ReferenceParams(**where(3, 4), context=context))
        assert sorted(one.range.start.line for one in named) == [3, 5, 10, 12, 12], named
        shown = await deep.text_document_document_highlight_async(lsp.DocumentHighlightParams(**where(3, 4)))
        assert len(shown) == 5, shown

        hints = await deep.text_document_inlay_hint_async(
            lsp.InlayHintParams(
                text_document=lsp.TextDocumentIdentifier(uri=URI), range=lsp.Range(lsp.Position(0, 0), lsp.Position(99, 0))
            )
        )
        told = {(hint.position.line, hint.position.character): hint.label for hint in hints}
        assert told[(6, 5)] == ": Option<usize>" and told[(6, 30)] == ": &String" and told[(12, 14)] == "key:", told

        document = lsp.TextDocumentIdentifier(uri=URI)
        found = await deep.text_document_semantic_tokens_full_async(lsp.SemanticTokensParams(text_document=document))
        told = words(TEXT, found, deep.able.semantic_tokens_provider.legend)
        assert ("iter", "method") in told and ("%time", "macro") in told, told
        assert ("BTreeMap", "struct") in told, told

        selected = await deep.text_document_selection_range_async(
            lsp.SelectionRangeParams(text_document=document, positions=[lsp.Position(5, 16)])
        )
        around, texts = selected[0], []
        while around:
            start, end = around.range.start, around.range.end
            texts.append(TEXT.splitlines()[5].encode()[start.character : end.character].decode())
            around = around.parent
        assert texts[:3] == ["names", "names.len()", "(names.len())"], texts

    @pytest.mark.asyncio(loop_scope="module")
    async def test_a_rename_and_one_that_would_clash(deep):
        await ready(deep)
        edits = await deep.text_document_rename_async(lsp.RenameParams(**where(3, 4), new_name="double"))
        assert sorted(edit.range.start.line for edit in edits.changes[URI]) == [3, 5, 10, 12, 12], edits
        # `counts` would take the place of a name that the same line uses.
        with pytest.raises(JsonRpcException):
            await deep.text_document_rename_async(lsp.RenameParams(**where(5, 4), new_name="counts"))

    @pytest.mark.asyncio(loop_scope="module")
    async def test_names_bring_their_use_and_calls_their_brackets(deep):
        await ready(deep)
        text = '// %%\n// %%time\nuse std::fs::File;\nlet x = BTreeM\n// %%\nlet names = vec!["a".to_owned()];\nnames.first().mat\nnames.is_empty().i\nnames.join\n'
        changed(deep, text, 2)
        items = await until(lambda: having(deep, 3, 14, "BTreeMap"), "a name")
        edits = items["BTreeMap"].additional_text_edits
        assert applied(text, edits).splitlines()[2:4] == ["use std::fs::File;", "use std::collections::BTreeMap;"], edits
        resolved = await deep.completion_item_resolve_async(items["BTreeMap"])
        assert len(resolved.documentation.value) > 200, resolved

        items = await until(lambda: having(deep, 6, 17, "match"), "a snippet")
        match = items["match"]
        assert match.insert_text_format == lsp.InsertTextFormat.Snippet
        assert match.text_edit.new_text.startswith("match names.first() {"), match
        after = applied(text, [match.text_edit, *match.additional_text_edits]).splitlines()[6]
        assert after.startswith("match names.first() {"), after
        items = await until(lambda: having(deep, 7, 18, "if"), "a snippet")
        assert items["if"].text_edit.new_text.startswith("if names.is_empty() {"), items["if"]

        async def call():
            # Before the service answers, `join` is known by its name alone.
            found = (await completed(deep, 8, 10)).get("join")
            return found if found and found.text_edit.new_text != "join" else None

        join = await until(call, "a call")
        assert join.text_edit.new_text == "join(${1:sep})$0", join

    async def having(client, line, character, label):
        items = await completed(client, line, character)
        return items if label in items else None

    @pytest.mark.asyncio
    async def test_plain_text_has_no_stops(plain):
        assert plain.able.position_encoding == "utf-32"
        await ready(plain)
        text = '// %%\nlet names = vec!["ü🦀".to_owned()]; names.first().\nnames.is_empty().i\nnames.\npri\nfor\n'
        changed(plain, text, 2)
        items = await until(lambda: having(plain, 1, 50, "match"), "a snippet")
        assert items["match"].text_edit.new_text.startswith("match names.first() {"), items["match"]
        for line, character in [(1, 50), (2, 18), (3, 6), (4, 3), (5, 3)]:
            for item in (await completed(plain, line, character)).values():
                assert "$" not in item.text_edit.new_text and item.insert_text_format != lsp.InsertTextFormat.Snippet, item

    @pytest.mark.asyncio(loop_scope="module")
    async def test_changes_are_offered(deep):
        await ready(deep)
        text = "// %%\nenum Kind { A, B }\nlet kind = Kind::A;\nmatch kind {}\n"
        changed(deep, text, 2)
        at = lsp.Range(lsp.Position(3, 12), lsp.Position(3, 12))
        document = lsp.TextDocumentIdentifier(uri=URI)
        params = lsp.CodeActionParams(
            text_document=document, range=at, context=lsp.CodeActionContext(diagnostics=[])
        )

        async def ask():
            actions = await deep.text_document_code_action_async(params) or []
            return [action for action in actions if action.title.endswith("missing match arms")]

        fill = (await until(ask, "a change"))[0]
        text = applied(text, fill.edit.changes[URI])
        assert "Kind::A =>" in text and "Kind::B =>" in text, text
        changed(deep, text, 3)
        await diagnostics(deep, lambda found: not [one for one in found if one.severity == lsp.DiagnosticSeverity.Error])


@pytest.mark.asyncio
async def test_refusals_say_why(client):
    opened(client)
    with pytest.raises(JsonRpcException):
        await client.text_document_rename_async(lsp.RenameParams(**where(0, 2), new_name="x"))


if __name__ == "__main__":
    os.environ["IRONBOOK_PYTEST_LSP"] = sys.argv[1]
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", __file__, *sys.argv[2:]]))
