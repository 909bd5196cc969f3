"""Where it runs and which install it is, told by injected probes: no machine is needed for it."""

import re
import types

import pytest
from footfall import install
from footfall.environment import Probe, ci_service, describe, runtime_environment
from footfall.install import from_machine, machine_id
from footfall.state import LibraryState, folder_name, home, library_of

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


class Machine(Probe):
    """A machine made of a few files and variables."""

    def __init__(self, files=(), modules=(), platform="linux", **environ):
        super().__init__()
        self.files = dict(files)
        self.environ = environ
        self.modules = dict(modules)
        self.platform = platform

    def exists(self, path):
        return any(name == path or name.startswith(path + "/") for name in self.files)

    def read(self, path):
        return self.files.get(path, "")


def ipython(name):
    shell = type(name, (), {})()
    return {"IPython": types.SimpleNamespace(get_ipython=lambda: shell)}


POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(), "native"),
        (Machine(modules={"__main__": types.SimpleNamespace(__file__="/x/run.py")}), "script"),
        (Machine(modules={"__main__": types.SimpleNamespace(__file__="/bin/tool")}), "native"),
        (Machine(modules=ipython("ZMQInteractiveShell")), "notebook"),
        (Machine(modules=ipython("TerminalInteractiveShell")), "native"),
        (Machine({"/.dockerenv": ""}, ipython("ZMQInteractiveShell")), "notebook"),
        (Machine({"/.dockerenv": ""}), "docker"),
        (Machine({"/proc/self/cgroup": "12:pids:/docker/4c3f\n"}), "docker"),
        (Machine({"/run/.containerenv": ""}), "podman"),
        (Machine(container="podman"), "podman"),
        (Machine({"/proc/1/cgroup": "0::/machine.slice/libpod-1.scope"}), "podman"),
        (Machine(**POD), "kubernetes"),
        (Machine({"/proc/self/cgroup": "1:cpu:/kubepods/pod1"}), "kubernetes"),
        (Machine({"/var/run/secrets/kubernetes.io/serviceaccount/token": ""}), "kubernetes"),
        (Machine({"/.dockerenv": ""}, **POD), "kubernetes"),
        (Machine(KUBERNETES_SERVICE_HOST="x-dns.hcp.westeurope.azmk8s.io"), "aks"),
        (Machine({"/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n"}, **POD), "aks"),
        (Machine({"/proc/version": "Linux version 5.15.0-1-azure"}, **POD), "aks"),
        (Machine({"/etc/resolv.conf": "search eu-west-1.compute.internal"}, **POD), "eks"),
        (Machine({"/sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, **POD), "eks"),
        (
            Machine(AWS_WEB_IDENTITY_TOKEN_FILE="/var/run/secrets/eks.amazonaws.com/token", **POD),
            "eks",
        ),
        (Machine(AWS_LAMBDA_FUNCTION_NAME="f"), "serverless"),
        (Machine(K_SERVICE="f"), "serverless"),
        (Machine(platform="darwin"), "native"),
        (Machine(platform="win32"), "native"),
    ],
)
def test_runtime_environments(machine, expected):
    assert runtime_environment(machine) == expected


def test_a_broken_ipython_is_no_notebook():
    def broken():
        raise RuntimeError

    modules = {"IPython": types.SimpleNamespace(get_ipython=broken)}
    assert runtime_environment(Machine(modules=modules)) == "native"


@pytest.mark.parametrize(
    ("environ", "service"),
    [
        ({}, None),
        ({"CI": "true"}, "unknown"),
        ({"CI": "false"}, None),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github-actions"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab-ci"),
        ({"TF_BUILD": "True"}, "azure-pipelines"),
        ({"JENKINS_URL": "https://ci"}, "jenkins"),
        ({"CODEBUILD_BUILD_ID": "x"}, "aws-codebuild"),
        ({"READTHEDOCS": "True"}, "readthedocs"),
    ],
)
def test_ci_services_by_name(environ, service):
    assert ci_service(environ) == service


def test_containers_and_ci_are_ephemeral_and_machines_are_not():
    assert describe(Machine())["ephemeral"] is False
    assert describe(Machine({"/.dockerenv": ""}))["ephemeral"] is True
    ci = describe(Machine(GITLAB_CI="true"))
    assert (ci["ci"], ci["ci_name"], ci["ephemeral"]) == (True, "gitlab-ci", True)
    notebook_in_docker = Machine({"/.dockerenv": ""}, ipython("ZMQInteractiveShell"))
    assert describe(notebook_in_docker)["ephemeral"] is True


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows")]
)
def test_operating_systems(platform, name):
    assert describe(Machine(platform=platform))["os_type"] == name


def test_the_same_machine_is_the_same_install_of_one_library_and_unlinkable_for_others():
    one, other = from_machine("one", "machine"), from_machine("other", "machine")
    assert UUID.match(one)
    assert one == from_machine("one", "machine")
    assert one != other
    assert from_machine("one", "another machine") != one
    assert not set(re.findall("....", one.replace("-", ""))) & set(re.findall("....", "machine"))


def test_the_machines_own_id_comes_first():
    files = {"/etc/machine-id": "a" * 32 + "\n"}
    assert machine_id(Machine(files)) == "a" * 32
    files = {"/etc/machine-id": "uninitialized\n", "/var/lib/dbus/machine-id": "b" * 32}
    assert machine_id(Machine(files)) == "b" * 32


def test_only_an_address_from_a_manufacturer_identifies_a_machine(monkeypatch):
    monkeypatch.setattr(install.os, "listdir", lambda path: ["docker0", "eth0", "lo"])
    addresses = {
        "/sys/class/net/lo/address": "00:00:00:00:00:00\n",
        "/sys/class/net/docker0/address": "02:42:ac:11:00:02\n",
        "/sys/class/net/eth0/address": "3C:22:FB:01:02:03\n",
    }
    assert machine_id(Machine(addresses)) == "3c:22:fb:01:02:03"
    del addresses["/sys/class/net/eth0/address"]
    assert machine_id(Machine(addresses)) is None


def test_without_proc_and_without_sys(monkeypatch):
    def missing(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(install.os, "listdir", missing)
    assert machine_id(Machine()) is None
    assert describe(Machine())["runtime_environment"] == "native"


def test_a_random_install_is_kept_and_one_that_cant_be_kept_is_not_lasting(tmp_path):
    state = LibraryState(str(tmp_path), "lib")
    unkept = install.install("random", "lib", state, Machine(), write=False)
    assert unkept.lasting is False
    first = install.install("random", "lib", state, Machine(), write=True)
    assert UUID.match(first.id)
    assert first.lasting
    assert install.install("random", "lib", state, Machine(), write=True) == first
    nowhere = LibraryState(None, "lib")
    assert install.install("random", "lib", nowhere, Machine(), write=True).lasting is False


def test_no_install_id_at_all(make_usage, collector):
    usage = make_usage(install="none")
    usage.track("x")
    assert usage.flush(5)
    assert collector.events[0]["userId"] == install.NOBODY
    assert collector.events[0]["properties"]["ephemeral"] is True
    assert usage.status().install_id is None


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"FOOTFALL_HOME": "/x"}, "linux", "/x"),
        ({"HOME": "/u"}, "linux", "/u/.local/state/footfall"),
        ({"HOME": "/u", "XDG_STATE_HOME": "/s"}, "linux", "/s/footfall"),
        ({"HOME": "/u", "XDG_STATE_HOME": "relative"}, "linux", None),
        ({"HOME": "/u"}, "darwin", "/u/Library/Application Support/footfall"),
        ({"LOCALAPPDATA": "/l"}, "win32", "/l/footfall"),
        ({}, "win32", None),
    ],
)
def test_the_state_directory(environ, platform, expected):
    assert home(environ, platform) == expected


@pytest.mark.parametrize("library", ["nannyml", "my lib/../x", ".hidden", "größe", "50%"])
def test_a_librarys_folder_is_one_folder_and_names_it(library):
    folder = folder_name(library)
    assert re.match(r"[A-Za-z0-9%_-][A-Za-z0-9%._-]*$", folder)
    assert library_of(folder) == library
