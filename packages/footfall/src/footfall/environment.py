"""Where the library runs: notebook, container, cluster, CI service. No network call is ever made.

Everything that is looked at comes in through `Probe`, so that each place can be told in a test.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Tuple

# Service, and the variable that gives it away. The general ones come last.
CI_SERVICES: List[Tuple[str, str]] = [
    ("github-actions", "GITHUB_ACTIONS"),
    ("gitlab-ci", "GITLAB_CI"),
    ("azure-pipelines", "TF_BUILD"),
    ("circleci", "CIRCLECI"),
    ("travis", "TRAVIS"),
    ("jenkins", "JENKINS_URL"),
    ("buildkite", "BUILDKITE"),
    ("teamcity", "TEAMCITY_VERSION"),
    ("bitbucket", "BITBUCKET_BUILD_NUMBER"),
    ("appveyor", "APPVEYOR"),
    ("aws-codebuild", "CODEBUILD_BUILD_ID"),
    ("google-cloud-build", "CLOUD_BUILD_ID"),
    ("cirrus", "CIRRUS_CI"),
    ("drone", "DRONE"),
    ("woodpecker", "CI_PIPELINE_FORGE_URL"),
    ("semaphore", "SEMAPHORE"),
    ("bamboo", "bamboo_buildKey"),
    ("gocd", "GO_PIPELINE_NAME"),
    ("readthedocs", "READTHEDOCS"),
    ("netlify", "NETLIFY"),
    ("vercel", "NOW_BUILDER"),
    ("unknown", "CI"),
    ("unknown", "CONTINUOUS_INTEGRATION"),
    ("unknown", "BUILD_NUMBER"),
]
SERVERLESS = (
    "AWS_LAMBDA_FUNCTION_NAME",
    "FUNCTION_TARGET",
    "K_SERVICE",
    "FUNCTIONS_WORKER_RUNTIME",
    "VERCEL",
    "FC_FUNCTION_NAME",
)
NOTEBOOK_SHELLS = ("ZMQInteractiveShell", "Shell", "DatabricksShell", "PyodideShell")
NOT_PERSISTENT = ("docker", "podman", "kubernetes", "aks", "eks", "serverless")
_SYSTEMS = {"win32": "Windows", "cygwin": "Windows", "darwin": "Darwin", "linux": "Linux"}


def ci_service(environ: Mapping[str, str]) -> Optional[str]:
    """The name of the CI service that this runs in, or None."""
    for service, name in CI_SERVICES:
        if environ.get(name, "").strip().lower() not in ("", "0", "false"):
            return service
    return None


class Probe:
    """The machine, as far as it is looked at."""

    def __init__(self) -> None:
        self.environ: Mapping[str, str] = os.environ
        self.modules: Mapping[str, Any] = sys.modules
        self.platform = sys.platform
        self.version = sys.version

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.exists(path)

    def read(self, path: str) -> str:
        """The first 64 kB of a text file, empty if it can't be read."""
        try:
            with open(path, "rb") as file:
                return file.read(65536).decode("utf-8", "replace")
        except OSError:
            return ""


def describe(probe: Probe) -> Dict[str, Any]:
    """The environment's part of every event."""
    runtime = runtime_environment(probe)
    ci = ci_service(probe.environ)
    described: Dict[str, Any] = {
        "python_version": probe.version.split()[0],
        "os_type": _SYSTEMS.get(probe.platform) or _system(probe.platform),
        "runtime_environment": runtime,
        "ci": ci is not None,
        "ephemeral": ci is not None or container(probe) is not None,
    }
    if ci is not None:
        described["ci_name"] = ci
    return described


def _system(platform: str) -> str:
    try:
        return os.uname().sysname
    except (AttributeError, OSError):
        return platform


def runtime_environment(probe: Probe) -> str:
    """notebook | serverless | aks | eks | kubernetes | podman | docker | script | native."""
    if in_notebook(probe.modules):
        return "notebook"
    found = container(probe)
    if found is not None:
        return found
    file = getattr(probe.modules.get("__main__"), "__file__", None)
    return "script" if isinstance(file, str) and file.endswith((".py", ".pyw")) else "native"


def in_notebook(modules: Mapping[str, Any]) -> bool:
    """Whether a notebook's kernel runs this code. IPython is only asked if it is loaded."""
    ipython = modules.get("IPython")
    try:
        shell = ipython.get_ipython() if ipython is not None else None
    except Exception:
        return False
    if type(shell).__name__ in NOTEBOOK_SHELLS:
        return True
    return "google.colab" in modules or ("marimo._runtime.context" in modules and _marimo(modules))


def _marimo(modules: Mapping[str, Any]) -> bool:
    try:
        return bool(modules["marimo"].running_in_notebook())
    except Exception:
        return False


def container(probe: Probe) -> Optional[str]:
    """The kind of container, cluster or function that this runs in; None on a machine."""
    environ = probe.environ
    if any(name in environ for name in SERVERLESS):
        return "serverless"
    if "KUBERNETES_SERVICE_HOST" in environ or probe.exists(
        "/var/run/secrets/kubernetes.io/serviceaccount"
    ):
        return _cluster(probe)
    if probe.exists("/run/.containerenv") or environ.get("container") == "podman":
        return "podman"
    if probe.exists("/.dockerenv") or environ.get("container") == "docker":
        return "docker"
    cgroup = probe.read("/proc/self/cgroup") + probe.read("/proc/1/cgroup")
    if "kubepods" in cgroup:
        return _cluster(probe)
    if "libpod" in cgroup:
        return "podman"
    return "docker" if "docker" in cgroup or "containerd" in cgroup else None


def _cluster(probe: Probe) -> str:
    """Whose Kubernetes it is, from what the node and the provider leave inside a pod."""
    environ = probe.environ
    resolver = probe.read("/etc/resolv.conf")
    vendor = probe.read("/sys/class/dmi/id/sys_vendor").strip()
    kernel = probe.read("/proc/version")
    token = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE", "")
    if (
        "azmk8s.io"
        in environ.get("KUBERNETES_SERVICE_HOST", "") + environ.get("KUBERNETES_PORT", "")
        or "AZURE_FEDERATED_TOKEN_FILE" in environ
        or "cloudapp.net" in resolver
        or vendor == "Microsoft Corporation"
        or "-azure" in kernel
    ):
        return "aks"
    if (
        "eks.amazonaws.com" in token
        or "169.254.170.23" in environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
        or "compute.internal" in resolver
        or vendor == "Amazon EC2"
        or ".amzn" in kernel
    ):
        return "eks"
    return "kubernetes"
