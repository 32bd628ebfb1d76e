#!/usr/bin/env python3
"""The steps of an exported Dockerfile in Debian chroots, without Docker.

    sudo python3 bench/promotion/docker_steps.py VERSION --project PROJECT [--work DIR] [--target DIR] [--offline]

VERSION is a directory of a promoted version with its `Dockerfile`. Each `FROM` becomes a copy of a Debian bookworm that
debootstrap makes in DIR: `debian:bookworm-slim` is as it comes; `rust:...-bookworm` has Debian's C compiler, and this machine's
Rust bound into it in place of the image's. RUN, COPY (with .dockerignore), WORKDIR, USER, ENV, ENTRYPOINT and CMD are done as
Docker does them; another instruction ends it. Then the image is run as its user, with PROJECT's data mounted read-only.

`--target` binds a target directory that has compiled things to where the build has its own; without it, all is compiled.
`--offline` lets cargo use only what this machine has fetched. Needs root, debootstrap, and network for Debian's packages.
"""

import argparse
import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

MIRROR = "http://deb.debian.org/debian"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What of the image `rust:...-bookworm` a build needs, beside Rust itself.
TOOLS = ["ca-certificates", "gcc", "g++", "libc6-dev", "make", "pkg-config"]


def instructions(text: str) -> list[tuple[str, str]]:
    """Instructions with their arguments; lines that end in a backslash go on."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


class Ignored:
    """`.dockerignore`: the last pattern that fits a path, or a directory above it, decides."""

    def __init__(self, context: pathlib.Path) -> None:
        path = context / ".dockerignore"
        lines = path.read_text().splitlines() if path.is_file() else []
        self.patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def has(self, path: pathlib.PurePath) -> bool:
        ignored = False
        places = [str(path)] + [str(parent) for parent in path.parents if str(parent) != "."]
        for pattern in self.patterns:
            fits = any(fnmatch.fnmatch(place, pattern.lstrip("!").strip("/")) for place in places)
            if fits:
                ignored = not pattern.startswith("!")
        return ignored


class Stage:
    """A filesystem with what an image says of its processes."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.folder = "/"
        self.user = "0"
        self.environment: dict[str, str] = {"PATH": PATH}
        self.entrypoint: list[str] = []
        self.command: list[str] = []
        self.mounts: list[tuple[pathlib.Path, str, str]] = []

    def inside(self, path: str) -> pathlib.Path:
        full = os.path.normpath(os.path.join(self.folder, path))
        return self.root / full.lstrip("/")

    def run(self, arguments: list[str]) -> None:
        """A process in it, with its own mounts, which end with it."""
        script = ["set -e", f"mount --bind {shlex.quote(str(self.root))} {shlex.quote(str(self.root))}"]
        places = [("/dev", "/dev", "")] + [(str(of), at, options) for of, at, options in self.mounts]
        for of, at, options in places:
            to = self.root / at.lstrip("/")
            to.mkdir(parents=True, exist_ok=True)
            script.append(f"mount --rbind {shlex.quote(of)} {shlex.quote(str(to))}")
            if options:
                script.append(f"mount -o remount,bind,{options} {shlex.quote(str(to))}")
        (self.root / "proc").mkdir(exist_ok=True)
        script.append(f"mount -t proc proc {shlex.quote(str(self.root / 'proc'))}")
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        inner = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), "env", "-i", *variables,
                 "/bin/sh", "-c", f"cd {shlex.quote(self.folder)} && exec \"$@\"", "sh", *arguments]
        script.append("exec " + shlex.join(inner))
        command = ["unshare", "--mount", "--pid", "--fork", "--propagation", "private", "sh", "-c", "\n".join(script)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Docker:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.context = options.version.resolve()
        self.ignored = Ignored(self.context)
        self.work = options.work.resolve()
        self.stages: dict[str, Stage] = {}
        self.stage: Stage | None = None

    def base(self, image: str) -> pathlib.Path:
        """The filesystem that an image begins with; made once."""
        plain = self.work / "bookworm"
        if not (plain / "complete").exists():
            shutil.rmtree(plain, ignore_errors=True)
            subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(plain), MIRROR], check=True, stdout=subprocess.DEVNULL)
            (plain / "complete").touch()
        if re.fullmatch(r"docker.io/library/debian:bookworm-slim", image):
            return plain
        if not re.fullmatch(r"docker.io/library/rust:[\d.]+-bookworm", image):
            sys.exit(f"no stand-in for the image {image}")
        tools = self.work / "bookworm-tools"
        if not (tools / "complete").exists():
            shutil.rmtree(tools, ignore_errors=True)
            copy_tree(plain, tools)
            (tools / "complete").unlink()
            stage = Stage(tools)
            shutil.copy("/etc/resolv.conf", tools / "etc/resolv.conf")
            stage.run(["sh", "-c", f"apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {' '.join(TOOLS)}"])
            (tools / "complete").touch()
        return tools

    def do_from(self, rest: str) -> None:
        image, _, name = rest.partition(" AS ")
        name = name or "last"
        root = self.work / "stages" / name
        shutil.rmtree(root, ignore_errors=True)
        base = self.base(image)
        copy_tree(base, root)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        self.stage = self.stages[name] = Stage(root)
        if "/rust:" in image:
            cargo, rustup = self.options.cargo.resolve(), self.options.rustup.resolve()
            self.stage.mounts += [(cargo, str(cargo), ""), (rustup, str(rustup), "ro")]
            self.stage.environment |= {"PATH": f"{cargo}/bin:{PATH}", "CARGO_HOME": str(cargo), "RUSTUP_HOME": str(rustup)}
            if self.options.offline:
                self.stage.environment["CARGO_NET_OFFLINE"] = "true"
            if self.options.jobs:
                self.stage.environment["CARGO_BUILD_JOBS"] = str(self.options.jobs)
            if self.options.target:
                self.stage.mounts.append((self.options.target.resolve(), "/build/target", ""))

    def do_workdir(self, rest: str) -> None:
        self.stage.inside(rest).mkdir(parents=True, exist_ok=True)
        self.stage.folder = os.path.normpath(os.path.join(self.stage.folder, rest))

    def do_user(self, rest: str) -> None:
        self.stage.user = rest

    def do_env(self, rest: str) -> None:
        self.stage.environment |= dict(part.split("=", 1) for part in shlex.split(rest))

    def do_entrypoint(self, rest: str) -> None:
        self.stage.entrypoint = json.loads(rest)

    def do_cmd(self, rest: str) -> None:
        self.stage.command = json.loads(rest)

    def do_run(self, rest: str) -> None:
        self.stage.run(["/bin/sh", "-c", rest])

    def do_copy(self, rest: str) -> None:
        words = shlex.split(rest)
        source = self.context
        of = None
        if words[0].startswith("--from="):
            of = self.stages[words.pop(0).removeprefix("--from=")]
        *names, to = words
        goal = self.stage.inside(to)
        for name in names:
            if of:
                self.copy(self.of_stage(of, name), goal, many=len(names) > 1 or to.endswith("/"), keep=lambda _: True)
                continue
            if self.ignored.has(pathlib.PurePath(name)) or not (source / name).exists():
                sys.exit(f"COPY {rest}: {name} is not in the context")
            keep = lambda path: not self.ignored.has(path.relative_to(source))
            self.copy(source / name, goal, many=len(names) > 1 or to.endswith("/"), keep=keep)

    @staticmethod
    def of_stage(stage: Stage, name: str) -> pathlib.Path:
        """A file of a stage, or of what is mounted into it."""
        for of, at, _ in stage.mounts:
            if name.startswith(at + "/"):
                return of / name.removeprefix(at + "/")
        return stage.root / name.lstrip("/")

    @staticmethod
    def copy(path: pathlib.Path, goal: pathlib.Path, many: bool, keep) -> None:
        """A file goes to the goal, or into it where that is a directory; of a directory, what is in it."""
        if path.is_file():
            to = goal / path.name if many or goal.is_dir() else goal
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to)
            os.chown(to, 0, 0)
            return
        for file in sorted(path.rglob("*")):
            if file.is_file() and keep(file):
                to = goal / file.relative_to(path)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, to)
                os.chown(to, 0, 0)

    def build(self) -> None:
        for word, rest in instructions((self.context / "Dockerfile").read_text()):
            step = getattr(self, f"do_{word.lower()}", None)
            if step is None:
                sys.exit(f"no idea how to do {word}")
            shown = re.sub(r"\s+", " ", rest)
            print(f"{word} {shown[:110]}", flush=True)
            began = time.perf_counter()
            try:
                step(rest)
            except subprocess.CalledProcessError as error:
                sys.exit(f"FAILED with status {error.returncode}: {word} {rest}")
            print(f"  {time.perf_counter() - began:.1f} s", flush=True)

    def run(self) -> None:
        stage = self.stage
        data = self.options.project.resolve() / "data"
        size = sum(file.lstat().st_size for file in stage.root.rglob("*") if file.is_file() and not file.is_symlink())
        stage.mounts.append((data, "/project/data", "ro"))
        stage.environment |= {"HOME": "/home/pipeline", "HOSTNAME": "container"}
        for arguments in [stage.command, ["stages"], ["validate"], stage.command]:
            print(f"docker run {' '.join(arguments)}", flush=True)
            began = time.perf_counter()
            try:
                stage.run(stage.entrypoint + arguments)
            except subprocess.CalledProcessError as error:
                sys.exit(f"FAILED with status {error.returncode}: {arguments}")
            print(f"  {time.perf_counter() - began:.1f} s", flush=True)
        program = stage.root / stage.entrypoint[0].lstrip("/")
        print(f"the image has {size / 1e6:.0f} MB, of which the program {program.stat().st_size / 1e6:.0f} MB; it ran as user {stage.user}")


def copy_tree(of: pathlib.Path, to: pathlib.Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", str(of), str(to)], check=True)


def main() -> None:
    home = pathlib.Path.home()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", type=pathlib.Path)
    parser.add_argument("--project", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/var/tmp/ironbook-docker"))
    parser.add_argument("--target", type=pathlib.Path)
    parser.add_argument("--cargo", type=pathlib.Path, default=home / ".cargo")
    parser.add_argument("--rustup", type=pathlib.Path, default=home / ".rustup")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--offline", action="store_true")
    docker = Docker(parser.parse_args())
    docker.build()
    docker.run()


main()
