"""Which build a worker is, as Temporal knows it: a version of a worker deployment, or nothing but a stamp.

See `docs/decisions/0018-versioning.md`.
"""

import asyncio
from collections.abc import Collection
from importlib.metadata import version
from typing import TypedDict

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import WorkerDeploymentConfig

from runtime.deployments import Deployments
from runtime.settings import Settings

LOOK_SECONDS = 2.0
"""How often a worker looks whether its deployment has a current build."""

log = structlog.get_logger(__name__)


class WhichBuild(TypedDict, total=False):
    """What a worker is told about its build: one of the two."""

    build_id: str
    deployment_config: WorkerDeploymentConfig


def build_of(settings: Settings) -> str:
    """The build's id: the one that was set, else our version."""
    return settings.everturn_build_id or version("everturn")


def which_build(settings: Settings) -> WhichBuild:
    """The options of every worker of this process. Unversioned, the build only stands in histories, as a stamp."""
    if not settings.everturn_versioning:
        return WhichBuild(build_id=build_of(settings))
    return WhichBuild(
        deployment_config=WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(settings.everturn_deployment, build_of(settings)),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
        )
    )


async def settle(client: Client, settings: Settings, queues: Collection[str]) -> None:
    """The first build of a deployment becomes the current one by itself; every later one waits for `everturn deploy`.

    As long as workers without versioning still ask for work, nothing is taken from them either.
    """
    await asyncio.sleep(LOOK_SECONDS)  # customers of a killed worker come first
    if not settings.everturn_versioning:
        await _say_if_passed_over(client, queues)
        return
    deployments, build = Deployments(client, settings.everturn_deployment), build_of(settings)
    waits = False
    while True:
        try:
            if await deployments.current_build() is not None:
                return
            if not await deployments.unversioned_pollers(queues):
                if set(queues) <= await deployments.queues_of(build):
                    await deployments.promote(build, unless_changed=True)
                    log.info("build_became_current", build=build, deployment=settings.everturn_deployment)
                    return
            elif not waits:
                waits = True
                log.warning("build_waits_for_unversioned_workers", build=build, mend="stop them, or `everturn deploy`")
        except RPCError as error:  # another worker was faster, the server is away, or it knows no versions
            log.debug("build_not_settled", build=build, reason=error.status.name)
        await asyncio.sleep(LOOK_SECONDS)


async def _say_if_passed_over(client: Client, queues: Collection[str]) -> None:
    """Without versioning a worker gets nothing of a queue that has a current build: nobody would see why."""
    try:
        passed_over = [queue for queue in queues if await Deployments.routed_to(client, queue)]
    except RPCError:
        return
    if passed_over:
        log.warning("worker_passed_over", queues=passed_over, mend="set EVERTURN_VERSIONING, or see `everturn deploy`")
