"""Kuaidi100 (poll.kuaidi100.com): asking for a parcel, subscribing to it, and news of it."""
