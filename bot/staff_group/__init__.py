"""Staff answer from a Telegram group, with a topic for each patient (off unless TELEGRAM_STAFF_GROUP_ID is set)."""
