//! The registered models, or the versions of one, as a table.

use crate::format::moment;
use crate::table::{Align, Cell, Column, Table, page};
use ironbook_core::bundle::escape_html;
use ironbook_core::{Bundle, Display};
use ironbook_store::Store;
use ironbook_store::error::{Error, Result};
use ironbook_store::model::{ModelVersion, RegisteredModel, Search};

/// Most models or versions that are drawn.
const MAX_ROWS: usize = 50;

/// The registry as `%track models` shows it.
#[derive(Clone, Debug)]
pub struct ModelsTable {
    title: String,
    table: Table,
}

impl ModelsTable {
    /// All registered models: their newest versions, aliases, and when they last changed.
    ///
    /// # Errors
    /// Of the store.
    pub fn all(store: &dyn Store) -> Result<ModelsTable> {
        let found = store.search_registered(&Search::all().limit(MAX_ROWS))?;
        let count = found.items.len();
        let more = if found.next.is_some() { "+" } else { "" };
        let title = format!("{count}{more} registered model{}", if count == 1 { "" } else { "s" });
        let rows = found.items.iter().map(|model| {
            Ok([
                Cell::from(model.name.clone()),
                newest(store, model)?.into(),
                aliases(model).into(),
                moment(model.updated).into(),
            ]
            .into())
        });
        Ok(ModelsTable {
            title,
            table: table(&["model", "newest version", "aliases", "changed"], rows.collect::<Result<_>>()?),
        })
    }

    /// That of a project in which nothing was tracked yet.
    pub fn none() -> ModelsTable {
        ModelsTable { title: "0 registered models".to_owned(), table: Table::default() }
    }

    /// The versions of one model, newest first.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names that there are; of the store.
    pub fn of(store: &dyn Store, name: &str) -> Result<ModelsTable> {
        let versions = versions(store, name)?;
        if versions.is_empty() {
            let known = store.search_registered(&Search::all().limit(MAX_ROWS))?.items;
            return Err(unknown(name, known.into_iter().map(|model| model.name).collect()));
        }
        let title = format!("{name} · {} version{}", versions.len(), if versions.len() == 1 { "" } else { "s" });
        let rows = versions.iter().take(MAX_ROWS).map(|version| {
            let stage = version.stage.as_str().to_owned();
            let run = version.run.clone().unwrap_or_else(|| "–".to_owned());
            [version.version.clone(), version.aliases.join(", "), stage, moment(version.created), run]
                .map(Cell::from)
                .into()
        });
        Ok(ModelsTable { title, table: table(&["version", "aliases", "stage", "made", "run"], rows.collect()) })
    }
}

/// That nobody has a name.
pub(crate) fn unknown(name: &str, known: Vec<String>) -> Error {
    Error::Unknown { what: "registered model", name: name.to_owned(), known }
}

fn table(titles: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    Table { columns: titles.iter().map(|title| Column::new(*title, "", Align::Left)).collect(), rows }
}

/// Newest first.
fn versions(store: &dyn Store, name: &str) -> Result<Vec<ModelVersion>> {
    let filter = format!("name = '{}'", name.replace('\'', "\\'"));
    let mut versions = store.search_versions(&Search::all().filter(filter))?.items;
    versions.sort_by_key(|version| std::cmp::Reverse(version.version.parse::<u64>().unwrap_or(0)));
    Ok(versions)
}

fn newest(store: &dyn Store, model: &RegisteredModel) -> Result<String> {
    Ok(versions(store, &model.name)?.first().map_or_else(|| "–".to_owned(), |version| version.version.clone()))
}

fn aliases(model: &RegisteredModel) -> String {
    model.aliases.iter().map(|alias| format!("{} → {}", alias.alias, alias.version)).collect::<Vec<_>>().join(", ")
}

impl Display for ModelsTable {
    fn bundle(&self) -> Bundle {
        if self.table.rows.is_empty() {
            let hint = "`%track register MODEL --as NAME` makes the first one";
            let html =
                format!("<h4>{}</h4><span class=\"soft\">{}</span>", escape_html(&self.title), escape_html(hint));
            return Bundle::text(format!("{}\n{hint}", self.title)).html(page(&html));
        }
        let html = format!("<h4>{}</h4>{}", escape_html(&self.title), self.table.html());
        Bundle::text(format!("{}\n{}", self.title, self.table.text()).trim_end()).html(page(&html))
    }
}
