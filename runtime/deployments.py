"""Builds side by side: Temporal's worker deployments, as much of them as we use."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import (
    RoutingConfigUpdateState,
    TaskQueueType,
    WorkerDeploymentVersionStatus,
    WorkerVersioningMode,
)
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentResponse,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

PATIENCE = timedelta(seconds=10)
ASKED_WITHIN = timedelta(seconds=65)
"""A worker asks for work at least once a minute; who has not asked for longer is gone."""
IN_PROGRESS = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
VERSIONED = WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED
Answer = TypeVar("Answer")
BUSY = frozenset({RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.ABORTED})
INSIST = (0.2, 0.5, 1.0, 2.0, 3.0)
"""Seconds between attempts at a change."""
WORKFLOWS, ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


@dataclass(frozen=True)
class Build:
    """One version of the deployment."""

    id: str
    stage: str
    """current, ramping, draining, drained, inactive or created."""
    made_at: datetime
    last_current_at: datetime | None = None
    pollers: dict[str, int] = field(default_factory=dict)
    """Task queue → workers of this build that ask it for work now; 0 where it only once did."""

    @property
    def missing(self) -> list[str]:
        """The queues it once served, and nobody of it asks now."""
        return sorted(queue for queue, count in self.pollers.items() if not count)

    @property
    def is_served(self) -> bool:
        """Whether workers of it ask for work on every queue it has."""
        return bool(self.pollers) and not self.missing


@dataclass(frozen=True)
class Deployment:
    """All builds, and where new work goes."""

    builds: tuple[Build, ...]
    """The newest first."""
    current: str = ""
    """Empty: workers without versioning."""
    ramping: str = ""
    percent: float = 0.0

    def build(self, id: str) -> Build | None:
        """The build of this id."""
        return next((one for one in self.builds if one.id == id), None)


class Deployments:
    """Reads and changes one deployment. Every method may raise `RPCError`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    async def read(self) -> Deployment | None:
        """The deployment with all its builds; None: no worker has ever asked for work in its name."""
        info = await self._info()
        if info is None:
            return None
        routing = info.routing_config
        alive: dict[str, Counter[str]] = {}
        builds = [await self._build(summary, alive) for summary in info.version_summaries]
        return Deployment(
            builds=tuple(sorted(builds, key=lambda one: one.made_at, reverse=True)),
            current=routing.current_deployment_version.build_id,
            ramping=routing.ramping_deployment_version.build_id,
            percent=routing.ramping_version_percentage,
        )

    async def current_build(self) -> str | None:
        """The current build; None: there is none."""
        info = await self._info()
        return (info.routing_config.current_deployment_version.build_id or None) if info else None

    async def promote(self, build: str, *, unless_changed: bool = False) -> None:
        """All work goes to this build; empty: to workers without versioning."""
        token = await self._token() if unless_changed else b""
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=self._client.namespace,
            deployment_name=self.name,
            build_id=build,
            identity=self._client.identity,
            conflict_token=token,
            allow_no_pollers=not build,
        )
        service = self._client.workflow_service
        await _insisting(lambda: service.set_worker_deployment_current_version(request, timeout=PATIENCE))
        await self._settled()

    async def ramp(self, build: str, percent: float) -> None:
        """This part of all conversations, chosen by their ids, goes to this build; without a build: none does."""
        request = SetWorkerDeploymentRampingVersionRequest(
            namespace=self._client.namespace,
            deployment_name=self.name,
            build_id=build,
            percentage=percent,
            identity=self._client.identity,
        )
        service = self._client.workflow_service
        await _insisting(lambda: service.set_worker_deployment_ramping_version(request, timeout=PATIENCE))
        await self._settled()

    async def _settled(self) -> None:
        """Every task queue has heard of the change, or a few seconds have passed."""
        for _ in range(50):
            info = await self._info()
            if info is None or info.routing_config_update_state != IN_PROGRESS:
                return
            await asyncio.sleep(0.1)

    async def queues_of(self, build: str) -> set[str]:
        """The task queues that this build has asked for work; none: the server has not heard of it yet."""
        version = WorkerDeploymentVersion(deployment_name=self.name, build_id=build)
        try:
            request = DescribeWorkerDeploymentVersionRequest(
                namespace=self._client.namespace, deployment_version=version
            )
            service = self._client.workflow_service
            found = await _insisting(lambda: service.describe_worker_deployment_version(request, timeout=PATIENCE))
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return set()
            raise
        return {queue.name for queue in found.worker_deployment_version_info.task_queue_infos}

    async def unversioned_pollers(self, queues: Collection[str]) -> int:
        """How many workers without versioning ask these queues for work."""
        found = 0
        for queue in queues:
            answer = await _describe(self._client, queue, ACTIVITIES)
            found += sum(_asks(one) and one.deployment_options.worker_versioning_mode != VERSIONED
                         for one in answer.pollers)  # fmt: skip
        return found

    @staticmethod
    async def routed_to(client: Client, queue: str) -> str:
        """The build that gets what comes into this queue; empty: workers without versioning do."""
        answer = await _describe(client, queue, ACTIVITIES)
        return answer.versioning_info.current_deployment_version.build_id

    async def _info(self) -> WorkerDeploymentInfo | None:
        try:
            return (await self._described()).worker_deployment_info
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise

    async def _token(self) -> bytes:
        return (await self._described()).conflict_token

    async def _described(self) -> DescribeWorkerDeploymentResponse:
        request = DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=self.name)
        service = self._client.workflow_service
        return await _insisting(lambda: service.describe_worker_deployment(request, timeout=PATIENCE))

    async def _build(
        self, summary: WorkerDeploymentInfo.WorkerDeploymentVersionSummary, alive: dict[str, Counter[str]]
    ) -> Build:
        id = summary.deployment_version.build_id
        queues = await self.queues_of(id)
        for queue in queues - alive.keys():
            alive[queue] = await self._alive(queue)
        stage = WorkerDeploymentVersionStatus.Name(summary.status).removeprefix("WORKER_DEPLOYMENT_VERSION_STATUS_")
        last = summary.last_current_time
        return Build(
            id=id,
            stage=stage.lower(),
            made_at=summary.create_time.ToDatetime(UTC),
            last_current_at=last.ToDatetime(UTC) if last.ByteSize() else None,
            pollers={queue: alive[queue][id] for queue in sorted(queues)},
        )

    async def _alive(self, queue: str) -> Counter[str]:
        """Workers that ask a queue for work, by build; where workflows wait, those who take workflows."""
        pollers: list[PollerInfo] = []
        for kind in (WORKFLOWS, ACTIVITIES):
            pollers = pollers or list((await _describe(self._client, queue, kind)).pollers)
        versions = [one.deployment_options for one in pollers if _asks(one)]
        return Counter(
            one.build_id
            for one in versions
            if one.deployment_name == self.name and one.worker_versioning_mode == VERSIONED
        )


async def _insisting(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The server takes one question after another, and asks who comes too soon to come again."""
    for pause in INSIST:
        try:
            return await ask()
        except RPCError as error:
            if error.status not in BUSY and "again later" not in error.message:
                raise
        await asyncio.sleep(pause)
    return await ask()


async def _describe(client: Client, queue: str, kind: "TaskQueueType.ValueType") -> DescribeTaskQueueResponse:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    return await client.workflow_service.describe_task_queue(request, timeout=PATIENCE)


def _asks(poller: PollerInfo) -> bool:
    return datetime.now(UTC) - poller.last_access_time.ToDatetime(UTC) < ASKED_WITHIN
