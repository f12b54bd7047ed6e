"""Money at the platforms: what they tell at our door, and what the worker asks them."""

from bot.payments.asking import ask_open
from bot.payments.reconciling import reconcile
from bot.payments.refunding import refund
from bot.payments.webhooks import router

__all__ = ["ask_open", "reconcile", "refund", "router"]
