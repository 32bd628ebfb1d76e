//! A batch as bytes: short, fast, and true to NaN, which JSON is not.

use crate::model::{Batch, Metric, MetricOf, Param, Tag};

/// A batch that owns what is in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Owned {
    pub(super) metrics: Vec<Metric>,
    pub(super) params: Vec<Param>,
    pub(super) tags: Vec<Tag>,
}

impl Owned {
    pub(super) fn borrow(&self) -> Batch<'_> {
        Batch { metrics: &self.metrics, params: &self.params, tags: &self.tags }
    }
}

/// The bytes of a batch.
pub(super) fn encode(batch: Batch<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + batch.metrics.len() * 40 + (batch.params.len() + batch.tags.len()) * 40);
    number(&mut out, batch.metrics.len());
    let mut last = None;
    for metric in batch.metrics {
        // An empty name stands for the one before: a batch is often a history of one metric.
        let same = last == Some(&metric.key);
        text(&mut out, if same { "" } else { &metric.key });
        last = Some(&metric.key);
        out.extend_from_slice(&metric.value.to_bits().to_le_bytes());
        out.extend_from_slice(&metric.timestamp.to_le_bytes());
        out.extend_from_slice(&metric.step.to_le_bytes());
        match &metric.of {
            None => out.push(0),
            Some(of) => {
                out.push(1);
                for field in [&of.model_id, &of.dataset_name, &of.dataset_digest, &of.run_id] {
                    optional(&mut out, field);
                }
            }
        }
    }
    number(&mut out, batch.params.len());
    for param in batch.params {
        text(&mut out, &param.key);
        text(&mut out, &param.value);
    }
    number(&mut out, batch.tags.len());
    for tag in batch.tags {
        text(&mut out, &tag.key);
        text(&mut out, &tag.value);
    }
    out
}

fn number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f | 0x80) as u8);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn optional(out: &mut Vec<u8>, field: &Option<String>) {
    match field {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            text(out, value);
        }
    }
}

/// The batch of these bytes; `None` if they are not one.
pub(super) fn decode(bytes: &[u8]) -> Option<Owned> {
    let mut reader = Reader(bytes);
    let mut batch = Owned::default();
    for _ in 0..reader.number()? {
        let mut key = reader.text()?;
        if key.is_empty() {
            key.clone_from(&batch.metrics.last()?.key);
        }
        let value = f64::from_bits(u64::from_le_bytes(reader.eight()?));
        let timestamp = i64::from_le_bytes(reader.eight()?);
        let step = i64::from_le_bytes(reader.eight()?);
        let of = match reader.byte()? {
            0 => None,
            _ => Some(Box::new(MetricOf {
                model_id: reader.optional()?,
                dataset_name: reader.optional()?,
                dataset_digest: reader.optional()?,
                run_id: reader.optional()?,
            })),
        };
        batch.metrics.push(Metric { key, value, timestamp, step, of });
    }
    for _ in 0..reader.number()? {
        batch.params.push(Param { key: reader.text()?, value: reader.text()? });
    }
    for _ in 0..reader.number()? {
        batch.tags.push(Tag { key: reader.text()?, value: reader.text()? });
    }
    reader.0.is_empty().then_some(batch)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn optional(&mut self) -> Option<Option<String>> {
        Some(if self.byte()? == 0 { None } else { Some(self.text()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_bit_for_bit() {
        let mut metrics = vec![
            Metric::new("a", f64::from_bits(0x7ff8_0000_dead_beef), 1, -5),
            Metric::new("a", -0.0, i64::MAX, i64::MIN),
            Metric::new("ü", f64::INFINITY, 0, 0),
        ];
        metrics[1].of = Some(Box::new(MetricOf { dataset_name: Some(String::new()), ..MetricOf::default() }));
        let params = vec![Param::new("p", "x".repeat(300))];
        let tags = vec![Tag::new("t", "")];
        let bytes = encode(Batch { metrics: &metrics, params: &params, tags: &tags });
        let back = decode(&bytes).unwrap();
        assert_eq!(back.metrics[0].value.to_bits(), metrics[0].value.to_bits());
        assert_eq!((&back.metrics[1..], back.params, back.tags), (&metrics[1..], params, tags));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "{cut}");
        }
    }
}
