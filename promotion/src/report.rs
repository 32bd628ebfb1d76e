//! What a promotion says: what it takes, how it goes together, and whether it is proved.

use crate::plan::Plan;
use crate::promote::Promoted;
use crate::samples;
use crate::stages::Stage;
use ironbook_core::{Bundle, bundle::escape_html};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The report of a promotion, as text and as HTML with the graph.
pub fn report(promoted: &Promoted) -> Bundle {
    let text = text(promoted);
    Bundle::text(text).html(html(promoted))
}

/// `late-flights 1.2.0: reproduced: 14 of 14 values, bit for bit`
pub fn headline(promoted: &Promoted) -> String {
    let name = &promoted.definition.name;
    let version = &promoted.definition.version;
    if promoted.unchanged {
        return format!("{name} {version} is there already: nothing has changed since");
    }
    let proof = match &promoted.verdict {
        None => "not run, so nothing is proved (`--no-verify`)".to_owned(),
        Some(verdict) => {
            let all = verdict.equal.len() + verdict.different.len();
            let more = match verdict.not_compared.len() {
                0 => String::new(),
                n => format!(" ({n} more that the session no longer has: equal in two clean runs)"),
            };
            format!("reproduced: {} of {all} values, bit for bit{more}", verdict.equal.len())
        }
    };
    format!("{name} {version}: {proof}")
}

fn text(promoted: &Promoted) -> String {
    let plan = &promoted.plan;
    let mut out = format!("{}\n", headline(promoted));
    let _ = writeln!(out, "{}", promoted.directory.display());
    if !promoted.reasons.is_empty() {
        let _ = writeln!(out, "changed: {}", promoted.reasons.join("; "));
    }
    out.push('\n');
    out.push_str(&tree(plan));
    out.push('\n');
    out.push_str(&remarks(promoted));
    out
}

/// The targets, and below each what it is made of.
pub fn tree(plan: &Plan) -> String {
    let mut out = String::new();
    let mut seen = BTreeSet::new();
    let mut roots: Vec<usize> = plan.targets.iter().map(|(at, _)| *at).collect();
    roots.extend(plan.stages.iter().enumerate().filter(|(_, stage)| stage.is_gate).map(|(at, _)| at));
    roots.dedup();
    for root in roots {
        branch(plan, root, "", "", &mut seen, &mut out);
    }
    out
}

fn branch(plan: &Plan, at: usize, first: &str, rest: &str, seen: &mut BTreeSet<usize>, out: &mut String) {
    let Some(stage) = plan.stages.get(at) else { return };
    let known = !seen.insert(at);
    let _ = writeln!(out, "{first}{}{}", stage.name, if known { "  (above)".to_owned() } else { described(stage) });
    if known {
        return;
    }
    let mut from: Vec<usize> = stage.inputs.iter().map(|edge| edge.from).collect();
    from.sort_unstable();
    from.dedup();
    for (index, below) in from.iter().enumerate() {
        let last = index + 1 == from.len();
        let (first, more) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        branch(plan, *below, &format!("{rest}{first}"), &format!("{rest}{more}"), seen, out);
    }
}

/// `  cells 3 and 4; param late_after; data flights`
fn described(stage: &Stage) -> String {
    let cells: Vec<String> = stage.cells.iter().map(u64::to_string).collect();
    let mut words = vec![format!("cell{} {}", if cells.len() == 1 { "" } else { "s" }, cells.join(", "))];
    if !stage.params.is_empty() {
        words.push(format!("param {}", stage.params.join(", ")));
    }
    if !stage.data.is_empty() {
        words.push(format!("data {}", stage.data.join(", ")));
    }
    if stage.is_gate {
        words.push("gate".to_owned());
    }
    format!("  {}", words.join("; "))
}

fn remarks(promoted: &Promoted) -> String {
    let plan = &promoted.plan;
    let mut out = String::new();
    if !plan.left.is_empty() {
        let cells: Vec<String> = plan.left.iter().map(u64::to_string).collect();
        let plural = if cells.len() == 1 { "" } else { "s" };
        let _ = writeln!(out, "left out: cell{plural} {}, which the target does not need", cells.join(", "));
    }
    for refusal in &plan.allowed {
        let _ = writeln!(out, "allowed: {} ({})", refusal.words, refusal.reason.name());
    }
    for note in &plan.notes {
        let _ = writeln!(out, "note: {note}");
    }
    if let Some(verdict) = &promoted.verdict {
        for (gate, why) in &verdict.gates {
            let _ = writeln!(out, "gate {gate} did not pass: {why}");
        }
        let _ = writeln!(out, "{}", samples::remark(&promoted.samples));
    }
    if let Some(register) = &plan.register {
        let alias = register.alias.as_ref().map(|alias| format!(", alias {alias}")).unwrap_or_default();
        let _ = writeln!(out, "a run registers `{}` as {}{alias}", register.model, register.name);
    }
    let _ = writeln!(
        out,
        "run it: ironbook pipeline run {}@{}, or cargo run -- run in its directory",
        promoted.definition.name, promoted.definition.version
    );
    out
}

const BOX: (f64, f64) = (190.0, 46.0);
const GAP: (f64, f64) = (26.0, 54.0);
/// Room at the side for edges that pass other layers.
const SIDE: f64 = 70.0;

fn html(promoted: &Promoted) -> String {
    let headline = escape_html(&headline(promoted));
    let remarks: String = remarks(promoted).lines().map(|line| format!("<div>{}</div>", escape_html(line))).collect();
    format!(
        "<div style=\"font-family:system-ui,sans-serif;font-size:13px\"><div style=\"font-weight:600;margin-bottom:4px\">{headline}</div>\
         <div style=\"opacity:.7;margin-bottom:8px\"><code>{}</code></div>{}<div style=\"opacity:.8;margin-top:8px\">{remarks}</div></div>",
        escape_html(&promoted.directory.display().to_string()),
        graph(&promoted.plan)
    )
}

/// The stages as a graph, from top to bottom.
pub fn graph(plan: &Plan) -> String {
    let mut layer: Vec<usize> = vec![0; plan.stages.len()];
    for (at, stage) in plan.stages.iter().enumerate() {
        layer[at] = stage.inputs.iter().map(|edge| layer.get(edge.from).copied().unwrap_or(0) + 1).max().unwrap_or(0);
    }
    let layers = layer.iter().max().map_or(0, |most| most + 1);
    let mut column: Vec<f64> = vec![0.0; plan.stages.len()];
    let widest = (0..layers).map(|of| layer.iter().filter(|l| **l == of).count()).max().unwrap_or(1) as f64;
    for of in 0..layers {
        let members: Vec<usize> = (0..layer.len()).filter(|at| layer[*at] == of).collect();
        let offset = (widest - members.len() as f64) / 2.0;
        members.iter().enumerate().for_each(|(index, at)| column[*at] = offset + index as f64);
    }
    let place = |at: usize| (column[at] * (BOX.0 + GAP.0) + 4.0, layer[at] as f64 * (BOX.1 + GAP.1) + 4.0);
    let (width, height) =
        (widest * (BOX.0 + GAP.0) - GAP.0 + 8.0 + SIDE * 2.0, layers as f64 * (BOX.1 + GAP.1) - GAP.1 + 8.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         style=\"max-width:100%;color:currentColor\" font-family=\"system-ui,sans-serif\" fill=\"currentColor\">"
    );
    for (at, stage) in plan.stages.iter().enumerate() {
        let mut from: Vec<usize> = stage.inputs.iter().map(|edge| edge.from).collect();
        from.sort_unstable();
        from.dedup();
        for other in from {
            let names: Vec<&str> =
                stage.inputs.iter().filter(|edge| edge.from == other).map(|edge| edge.name.as_str()).collect();
            let label = short(&names.join(", "), 26);
            match layer[at] - layer[other] {
                1 => edge(&mut out, place(other), place(at), &label),
                _ => around(&mut out, place(other), place(at), &label),
            }
        }
    }
    for (at, stage) in plan.stages.iter().enumerate() {
        let target = plan.targets.iter().any(|(of, _)| *of == at);
        node(&mut out, place(at), stage, target);
    }
    out.push_str("</svg>");
    out
}

fn edge(out: &mut String, from: (f64, f64), to: (f64, f64), label: &str) {
    let (x1, y1) = (from.0 + BOX.0 / 2.0, from.1 + BOX.1);
    let (x2, y2) = (to.0 + BOX.0 / 2.0, to.1);
    let middle = (y1 + y2) / 2.0;
    let _ = write!(
        out,
        "<path d=\"M{x1:.1} {y1:.1} C{x1:.1} {middle:.1} {x2:.1} {middle:.1} {x2:.1} {:.1}\" fill=\"none\" stroke=\"currentColor\" \
         stroke-opacity=\".45\" stroke-width=\"1.3\"/><path d=\"M{:.1} {:.1} L{x2:.1} {y2:.1} L{:.1} {:.1}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-opacity=\".6\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" text-anchor=\"middle\" \
         opacity=\".75\">{}</text>",
        y2 - 1.0,
        x2 - 4.0,
        y2 - 6.0,
        x2 + 4.0,
        y2 - 6.0,
        x1 + (x2 - x1) * 0.72,
        y1 + (y2 - y1) * 0.72,
        escape_html(label)
    );
}

/// An edge past other layers, which leaves and comes in at the side.
fn around(out: &mut String, from: (f64, f64), to: (f64, f64), label: &str) {
    let (x1, y1) = (from.0 + BOX.0, from.1 + BOX.1 / 2.0);
    let (x2, y2) = (to.0 + BOX.0, to.1 + BOX.1 / 2.0);
    let side = x1.max(x2) + SIDE * 0.7;
    let _ = write!(
        out,
        "<path d=\"M{x1:.1} {y1:.1} C{side:.1} {y1:.1} {side:.1} {y2:.1} {x2:.1} {y2:.1}\" fill=\"none\" stroke=\"currentColor\" \
         stroke-opacity=\".45\" stroke-width=\"1.3\"/><path d=\"M{:.1} {:.1} L{x2:.1} {y2:.1} L{:.1} {:.1}\" fill=\"none\" \
         stroke=\"currentColor\" stroke-opacity=\".6\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" opacity=\".75\">{}</text>",
        x2 + 6.0,
        y2 - 4.0,
        x2 + 6.0,
        y2 + 4.0,
        x1.max(x2) + SIDE * 0.55,
        (y1 + y2) / 2.0 + 3.0,
        escape_html(label)
    );
}

fn node(out: &mut String, (x, y): (f64, f64), stage: &Stage, target: bool) {
    let color = if stage.is_gate {
        "#d97706"
    } else if target {
        "#059669"
    } else {
        "#3b82f6"
    };
    let _ = write!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" rx=\"7\" fill=\"{color}\" fill-opacity=\".12\" stroke=\"{color}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\" text-anchor=\"middle\">{}</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\" text-anchor=\"middle\" opacity=\".7\">{}</text>",
        BOX.0,
        BOX.1,
        x + BOX.0 / 2.0,
        y + 20.0,
        escape_html(&short(&stage.name, 24)),
        x + BOX.0 / 2.0,
        y + 36.0,
        escape_html(&short(described(stage).trim(), 36)),
    );
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}
