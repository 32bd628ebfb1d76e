//! Docker: an image with the program and nothing that built it.

use super::{Context, Exporter, File, Library};

/// The exporter `docker`.
///
/// Data is mounted into the project: `docker run -v ./data:/project/data:ro late-flights:1.3.0`.
#[derive(Clone, Copy, Debug)]
pub struct Docker;

impl Exporter for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn about(&self) -> &'static str {
        "a Dockerfile: `docker build -t NAME:VERSION .` in the directory of the version"
    }

    fn files(&self, context: &Context<'_>) -> Vec<File> {
        vec![
            File::new("Dockerfile", dockerfile(context)),
            File::new(
                ".dockerignore",
                "*\n!Cargo.toml\n!Cargo.lock\n!vendor\n!src\n!pipeline.toml\n!params.yaml\n".into(),
            ),
        ]
    }
}

fn dockerfile(context: &Context<'_>) -> String {
    let name = &context.definition.name;
    let (vendor, remark) = match context.library {
        Library::Vendored => ("COPY vendor vendor\n", ""),
        Library::Linked => (
            "",
            "# Cargo.toml names sources outside of this directory (`--link`): promoted without, it can be built in an image.\n",
        ),
    };
    let short: Vec<&str> = context.rust().splitn(3, '.').take(2).collect();
    let rust = if short.len() == 2 { short.join(".") } else { "1".to_owned() };
    format!(
        r#"# {title}:
#   docker build -t {image} .
#   docker run -v "$PWD/data:/project/data:ro" {image}
{remark}FROM docker.io/library/rust:{rust}-bookworm AS manifest
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
# Without the pipeline's own version, which says nothing of what it depends on.
RUN sed -i '/^name = "{name}"$/{{n;s/^version = .*/version = "0.0.0"/}}' Cargo.toml Cargo.lock

FROM docker.io/library/rust:{rust}-bookworm AS build
WORKDIR /build
# What the pipeline depends on is a layer of its own, which stays as long as only stages change.
COPY --from=manifest /build/Cargo.toml /build/Cargo.lock ./
{vendor}RUN mkdir src && echo 'fn main() {{}}' > src/main.rs && cargo build --locked && rm -r src
COPY Cargo.toml Cargo.lock pipeline.toml params.yaml ./
COPY src src
RUN touch src/main.rs && cargo build --locked

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home pipeline \
    && mkdir -p /project/.ironbook \
    && chown -R pipeline /project
COPY --from=build /build/target/debug/{name} /usr/local/bin/{name}
COPY pipeline.toml params.yaml /project/
WORKDIR /project
USER 10001
ENTRYPOINT ["/usr/local/bin/{name}"]
CMD ["run"]
"#,
        title = context.title(),
        image = context.image,
    )
}
