"""What other suites call: `notice_queue` for people, `event_queue` for other systems."""

from salesops.notices.services.queueing import event_queue, notice_queue

__all__ = ["event_queue", "notice_queue"]
