"""Staff's queues: what waits, a page each. The list they share stands in bot.desk.queue."""
