"""`everturn deploy`: which build carries conversations: a few of them, all of them, or none any more."""

from temporalio.client import Client

from commands.outcome import Failed, WrongUse
from commands.shelf_input import print_table
from runtime.deployments import Build, Deployment, Deployments

UNVERSIONED = "unversioned"
"""How people write "workers without versioning"."""
NOBODY = (
    "no worker has asked for work in the name of the deployment {name!r}: start one with EVERTURN_VERSIONING=true, and"
    " EVERTURN_BUILD_ID of its own"
)


def percent_of(text: str) -> float:
    """`10%` or `10` as a number from 0 to 100.

    Raises:
        WrongUse: it is none.
    """
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        raise WrongUse(f"{text!r} is no percentage: write one like 10% (0 ends a ramp)") from None
    if not 0 <= percent <= 100:
        raise WrongUse(f"{text!r}: a percentage lies between 0 and 100")
    return percent


class Board:
    """Looks at the builds of one deployment, and moves conversations between them."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._deployments = Deployments(client, name)

    async def show(self) -> None:
        """Print every build: where it stands, who works for it, how many conversations it carries."""
        deployment = await self._read()
        counts = {build.id: await self._conversations(build.id) for build in deployment.builds}
        print_table(
            f"{self._deployments.name}: builds", ("build", "stage", "workers", "conversations", "first seen"),
            [(one.id, _stage(deployment, one), _workers(one), counts[one.id], f"{one.made_at:%Y-%m-%d %H:%M} UTC")
             for one in deployment.builds],
        )  # fmt: skip
        print(_in_words(deployment))

    async def ramp(self, percent: float, wanted: str) -> str:
        """Let a build carry this part of the conversations; 0: none. What to tell.

        Raises:
            Failed: there is no such build, nobody works for it, or it is the current one.
        """
        deployment = await self._read()
        if not percent:
            return await self._end_ramp(deployment)
        build = self._chosen(deployment, wanted)
        if build.id == deployment.current:
            raise Failed(f"{build.id} is the current build already: it carries every conversation")
        self._require_workers(deployment, build)
        await self._deployments.ramp(build.id, percent)
        rest = _current(deployment)
        return f"{percent:g}% of conversations, new and running, go to {build.id}; the others stay with {rest}"

    async def promote(self, wanted: str) -> str:
        """Let a build carry every conversation. What to tell.

        Raises:
            Failed: there is no such build, nobody works for it, or it is the current one.
        """
        deployment = await self._read()
        if wanted == UNVERSIONED:
            await self._deployments.promote("")
            return "every conversation goes to workers without versioning"
        build = self._chosen(deployment, wanted or deployment.ramping)
        if build.id == deployment.current:
            raise Failed(f"{build.id} is the current build already")
        self._require_workers(deployment, build)
        await self._deployments.promote(build.id)
        before = _current(deployment)
        return f"every conversation goes to {build.id}; {before} may stop when `deploy status` shows 0 conversations"

    async def roll_back(self, wanted: str) -> str:
        """End a ramp; where there is none, go back to the build before. What to tell.

        Raises:
            Failed: there is no build before, or nobody works for it.
        """
        deployment = await self._read()
        if deployment.ramping and not wanted:
            return await self._end_ramp(deployment)
        build = self._chosen(deployment, wanted) if wanted else _before(deployment)
        if build.id == deployment.current:
            raise Failed(f"{build.id} is the current build already")
        self._require_workers(deployment, build)
        await self._deployments.promote(build.id)
        if deployment.ramping:
            await self._deployments.ramp("", 0)
        return f"every conversation is back with {build.id}; {_current(deployment)} gets nothing more"

    async def _end_ramp(self, deployment: Deployment) -> str:
        if not deployment.ramping:
            return f"no build is ramping; every conversation is with {_current(deployment)}"
        await self._deployments.ramp("", 0)
        return f"every conversation is back with {_current(deployment)}; {deployment.ramping} gets nothing more"

    async def _read(self) -> Deployment:
        deployment = await self._deployments.read()
        if deployment is None or not deployment.builds:
            raise Failed(NOBODY.format(name=self._deployments.name))
        return deployment

    async def _conversations(self, build: str) -> int:
        query = f"TemporalWorkerDeploymentVersion = '{self._deployments.name}:{build}' AND ExecutionStatus = 'Running'"
        return (await self._client.count_workflows(query)).count

    def _chosen(self, deployment: Deployment, wanted: str) -> Build:
        """The build that was named; else the newest with workers, where there is no doubt about it."""
        if wanted:
            if (named := deployment.build(wanted)) is None:
                known = ", ".join(one.id for one in deployment.builds)
                raise Failed(f"there is no build {wanted!r} in {self._deployments.name}; there are: {known}")
            return named
        others = [one for one in deployment.builds if one.id != deployment.current]
        if not others:
            raise Failed(f"{_current(deployment)} is the only build: start workers of another one first")
        ready = [one for one in others if one.is_served]
        if len(ready) > 1:
            names = ", ".join(one.id for one in ready)
            raise WrongUse(f"workers of several builds stand ready ({names}): name one with --build")
        return (ready or others)[0]

    def _require_workers(self, deployment: Deployment, build: Build) -> None:
        """Whoever shall carry conversations must work on every queue that the current build serves."""
        if not any(build.pollers.values()):
            raise Failed(f"no worker of {build.id} asks for work: start one with EVERTURN_BUILD_ID={build.id} first")
        current = deployment.build(deployment.current)
        needed = set(build.pollers) | set(current.pollers if current else ())
        if without := sorted(queue for queue in needed if not build.pollers.get(queue)):
            raise Failed(f"no worker of {build.id} asks {', '.join(without)} for work: start it on every queue first")


def _before(deployment: Deployment) -> Build:
    """The build that was current last."""
    past = [one for one in deployment.builds if one.id != deployment.current and one.last_current_at]
    if not past:
        raise Failed(f"there is no build before {_current(deployment)}: name one with --build")
    return max(past, key=_last_current)


def _last_current(build: Build) -> float:
    return build.last_current_at.timestamp() if build.last_current_at else 0.0


def _current(deployment: Deployment) -> str:
    return deployment.current or "workers without versioning"


def _stage(deployment: Deployment, build: Build) -> str:
    return f"ramping {deployment.percent:g}%" if build.id == deployment.ramping else build.stage


def _workers(build: Build) -> str:
    if not any(build.pollers.values()):
        return "none"
    most = max(build.pollers.values())
    return f"{most}, none on {', '.join(build.missing)}" if build.missing else str(most)


def _in_words(deployment: Deployment) -> str:
    rest = f"; {deployment.percent:g}% go to {deployment.ramping}" if deployment.ramping else ""
    return f"conversations go to {_current(deployment)}{rest}"
