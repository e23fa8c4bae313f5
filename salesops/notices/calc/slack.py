"""Slack messages: blocks, and the same in plain text for notifications and screen readers."""

from typing import Any

MOST = 2900  # Slack takes 3000 characters a block


def escaped(text: str) -> str:
    """Text that Slack shows as it is: no mention, link or channel comes from a customer's name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(*, title: str, text: str, url: str = "", link: str = "Open") -> dict[str, Any]:
    """The body of a message.

    Args:
        url: whole address of what it is about; empty = no link.
    """
    words = f"*{escaped(title)}*" + (f"\n{escaped(text)}" if text else "")
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": words[:MOST]}}]
    if url:
        target = url.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C")
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{target}|{escaped(link)}>"}]})
    return {"text": escaped(f"{title}: {text}" if text else title)[:MOST], "blocks": blocks}
