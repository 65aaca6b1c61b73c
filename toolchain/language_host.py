"""`pulumi-language-python`: the server that the engine asks to run programs and policy packs written in Python.

The official host is a Go program that package registries do not carry; but a language host is any executable of this
name that prints a port and serves `LanguageRuntime` there, and the Python package `pulumi` brings the protocol. Where
an official installation is used, its own host is found first and this one rests.

Only what the field's commands need is served (up, preview, refresh, destroy, policy packs, about); generating code and
installing packages answer "unimplemented".
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import BinaryIO

import grpc
from google.protobuf.empty_pb2 import Empty

from toolchain.language_exec import SHOWN_TO_USER, Job
from toolchain.parent import end_with_parent
from toolchain.protocol import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
    messages,
    plugins,
    sdk_directory,
)

# The engine's own limit; a large stack's configuration does not fit in gRPC's default of 4 MiB.
LARGEST_MESSAGE = 400 * 1024 * 1024

# -u: what a program prints is shown at once. -P: see toolchain.language_exec.
PYTHON = (sys.executable, "-u", "-P")


class LanguageHost(LanguageRuntimeServicer):
    """Answers the engine. One instance serves one command."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.children: set[subprocess.Popen[bytes]] = set()

    def Handshake(
        self, request: messages.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> messages.LanguageHandshakeResponse:
        """Learn where the engine listens."""
        del context
        self.engine = request.engine_address
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugins.PluginInfo:
        """Tell the version, which is that of the SDK."""
        del request, context
        return plugins.PluginInfo(version=importlib.metadata.version("pulumi"))

    def About(self, request: messages.AboutRequest, context: grpc.ServicerContext) -> messages.AboutResponse:
        """Tell which Python runs the programs."""
        del request, context
        return messages.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetRequiredPackages(
        self, request: messages.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> messages.GetRequiredPackagesResponse:
        """Tell which providers the installed SDKs need."""
        del request, context
        return messages.GetRequiredPackagesResponse(packages=required_packages())

    def GetProgramDependencies(
        self, request: messages.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> messages.GetProgramDependenciesResponse:
        """List the installed distributions; without the transitive ones, those that no other asks for."""
        del context
        found = {_normal(one.name): one for one in importlib.metadata.distributions()}
        if not request.transitiveDependencies:
            needed = {
                _normal(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for d in found.values() for text in d.requires or []
            }
            found = {name: one for name, one in found.items() if name not in needed}
        return messages.GetProgramDependenciesResponse(
            dependencies=[messages.DependencyInfo(name=one.name, version=one.version) for one in found.values()]
        )

    def Run(self, request: messages.RunRequest, context: grpc.ServicerContext) -> messages.RunResponse:
        """Run a program to its end in a process of its own."""
        child = subprocess.Popen([*PYTHON, "-m", "toolchain.language_exec"], stdin=subprocess.PIPE)
        self._follow(child, context)
        try:
            child.communicate(json.dumps(asdict(self._job(request))).encode())
        finally:
            self.children.discard(child)
        if child.returncode in (SHOWN_TO_USER, -signal.SIGINT):
            return messages.RunResponse(bail=True)
        return messages.RunResponse(error=_how_it_ended(child.returncode))

    def RunPlugin(
        self, request: messages.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.RunPluginResponse]:
        """Run a plugin and pass on what it prints, then its exit status."""
        directory = request.info.program_directory
        policies = request.kind == "analyzer"
        plugin = ["-m", "pulumi.policy", *request.args, directory] if policies else [directory, *request.args]
        child = subprocess.Popen(
            [*PYTHON, "-m", "toolchain.plugin_exec", *plugin],
            cwd=directory if policies else request.pwd,
            env={**os.environ, **dict(line.split("=", 1) for line in request.env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._follow(child, context)
        try:
            yield from _output(child)
            yield messages.RunPluginResponse(exitcode=child.wait())
        finally:
            self.children.discard(child)

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """Interrupt what runs: the engine wants to end in order."""
        del request, context
        for child in list(self.children):
            child.send_signal(signal.SIGINT)
        return Empty()

    def _follow(self, child: subprocess.Popen[bytes], context: grpc.ServicerContext) -> None:
        """Remember a child, and end it when the engine drops the call."""
        self.children.add(child)
        context.add_callback(lambda: child.terminate() if child.poll() is None else None)

    def _job(self, request: messages.RunRequest) -> Job:
        return Job(
            monitor=request.monitor_address,
            engine=self.engine,
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            root_directory=request.info.root_directory,
            directory=request.pwd,
            program=request.info.entry_point or ".",
            arguments=list(request.args),
            parallel=request.parallel,
            dry_run=request.dryRun,
            config=dict(request.config),
            secret_keys=list(request.configSecretKeys),
        )


def required_packages() -> list[plugins.PackageDependency]:
    """Read the description that every provider's SDK carries beside its code."""
    packages = []
    for description in sorted(sdk_directory().parent.glob("pulumi_*/pulumi-plugin.json")):
        wanted = json.loads(description.read_text(encoding="utf-8"))
        if wanted.get("resource"):
            packages.append(
                plugins.PackageDependency(
                    name=wanted["name"],
                    kind="resource",
                    version=f"v{wanted['version']}",
                    server=wanted.get("server", ""),
                )
            )
    return packages


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _how_it_ended(status: int) -> str:
    if status == 0:
        return ""
    if status < 0:
        return f"program was ended by {signal.Signals(-status).name}"
    return f"program exited with status {status}"


def _output(child: subprocess.Popen[bytes]) -> Iterator[messages.RunPluginResponse]:
    """Yield both streams of a child as they come, until both are closed."""
    chunks: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def pump(name: str, stream: BinaryIO) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            chunks.put((name, chunk))
        chunks.put((name, b""))

    streams = {"stdout": child.stdout, "stderr": child.stderr}
    for name, stream in streams.items():
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    open_streams = len(streams)
    while open_streams:
        name, chunk = chunks.get()
        if not chunk:
            open_streams -= 1
        elif name == "stdout":
            yield messages.RunPluginResponse(stdout=chunk)
        else:
            yield messages.RunPluginResponse(stderr=chunk)


def main() -> None:
    """Serve until the engine interrupts or is gone; the programs end with us, as they watch us."""
    end_with_parent()
    # The engine passes flags for tracing and logging, and its address last.
    host = LanguageHost(engine=sys.argv[-1])
    server = grpc.server(
        ThreadPoolExecutor(max_workers=16),
        options=[
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ],
    )
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - the protocol: the engine reads the port from standard output
    server.wait_for_termination()
