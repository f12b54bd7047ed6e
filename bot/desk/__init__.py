"""The staff's desk: a process of its own, on the staff's network.

A page is a function of a `Desk`, registered by `@desk_page` (bot.desk.registry) and listed in bot.desk.pages. It shows
what a reading module finds, and changes things only through services, inside `async with desk.acting(right)`. Its words
stand in words/<page>.yml. It styles with Quasar's classes and those of static/desk.css; there is no Tailwind.
"""
