"""Dialogs: pure steps from state and turn to state and decision; every sentence they say is in `prompts/`."""
