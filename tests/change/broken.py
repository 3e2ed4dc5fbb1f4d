"""A build that somebody broke: it does what the old one did, in another order."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.conversation import Opening
    from workflows.conversation import ConversationWorkflow


@workflow.defn(name="ConversationWorkflow")
class BrokenWorkflow(ConversationWorkflow):
    """Sleeps before it hears the first message: a timer that no history of today has."""

    @workflow.init
    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)

    @workflow.run
    async def run(self, opening: Opening) -> None:
        """A second's rest, without `workflow.patched`."""
        await workflow.sleep(timedelta(seconds=1))
        await super().run(opening)
