"""The outside platforms, played on one port: WeChat, Telegram, SMS and the identity check.

A process of its own. It speaks the platforms' real protocols and keeps their rules, and shows them as a
phone in the browser; the program knows it only by base URLs.
"""
