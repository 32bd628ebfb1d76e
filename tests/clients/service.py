"""The language service: whether it is there, below whom it runs, and what a kernel says with its help."""

import os
import subprocess
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from wire import NAME, descendants


def sources():
    """The sources of std."""
    named = os.environ.get("RUST_SRC_PATH")
    root = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(named) if named else Path(root) / "lib/rustlib/src/rust/library"


def beside(program):
    """The service beside `ironbook`; none where it, or what it reads, is missing."""
    service = Path(program).with_name("ironbook-language")
    assert service.is_file() or "CI" not in os.environ, f"CI has built {service}"
    if service.is_file() and (sources() / "core/src/lib.rs").is_file():
        return service
    print("no language service, or no sources of std, are here")
    return None


def installed():
    """The service beside the program that the installed kernel is."""
    return beside(KernelSpecManager().get_kernel_spec(NAME).argv[0])


def below(pid):
    """The services of a kernel or editor."""
    return [child for child, name in descendants(pid) if name.startswith("ironbook-lang")]


def matches(client, code):
    """What a kernel offers at the end of a text."""
    return client.ask("complete_request", {"code": code, "cursor_pos": len(code)})["matches"]
