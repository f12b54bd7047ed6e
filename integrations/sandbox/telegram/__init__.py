"""The Bot API and the people who talk to the bot."""
