"""The events of both bridges, by their names without dots, dashes and capitals."""

from enum import StrEnum


class Topic(StrEnum):
    """What an event is about."""

    MESSAGE = "message"
    OURS = "ours"
    """A message that our own API call sent."""
    RECEIPT = "receipt"
    TAKEBACK = "takeback"
    EDIT = "edit"


TOPICS = {
    **dict.fromkeys(("messagesupsert", "onmessage", "onanymessage", "onselfmessage", "unreadmessages"), Topic.MESSAGE),
    **dict.fromkeys(("message", "messageany", "messagecreate", "messagereceived"), Topic.MESSAGE),
    "sendmessage": Topic.OURS,
    **dict.fromkeys(("messagesupdate", "onack", "ack", "messageack"), Topic.RECEIPT),
    **dict.fromkeys(("messagesdelete", "onrevokedmessage"), Topic.TAKEBACK),
    **dict.fromkeys(("messagesedited", "onmessageedit", "onmessageedited"), Topic.EDIT),
}
"""The wrappers' names (`message`, `ack`) are (unconfirmed), as are wppconnect's beyond `onmessage`."""

OTHERS = frozenset(
    {
        *("messagesset", "applicationstartup", "instancecreate", "instancedelete", "connectionupdate", "qrcodeupdated"),
        *("statusinstance", "presenceupdate", "contactsset", "contactsupsert", "contactsupdate", "chatsset"),
        *("chatsupdate", "chatsupsert", "chatsdelete", "groupsupsert", "groupsupdate", "groupupdate", "call"),
        *("groupparticipantsupdate", "labelsedit", "labelsassociation", "typebotstart", "typebotchangestatus"),
        *("logoutinstance", "removeinstance", "sendmessageupdate", "errors", "newjwttoken"),
        *("qrcode", "phonecode", "statusfind", "onpresencechanged", "onparticipantschanged", "onreactionmessage"),
        *("onpollresponse", "incomingcall", "onupdatelabel", "location", "closesession", "logoutsession"),
        *("sessionlogged", "desconnectedmobile", "autoclosecalled", "onstatechange", "onstatestream"),
    }
)
"""Known, and no customer speaks in them: they are counted by name. `messages.set` is history, settled long ago."""
